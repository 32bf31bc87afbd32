package io.squat.sweep;

import io.squat.files.RecordFiles;
import io.squat.train.FinishedRun;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import java.nio.file.Path;
import java.util.List;

/**
 * Finished runs of another folder, which a sweep takes as its own: results that were kept while the
 * sweep's folder was not, or a sweep of another machine. They need not have models.
 */
public final class EarlierResults {
  private final Path root;

  /**
   * The results of a folder.
   *
   * @param root as {@code report --results} writes it, or of another sweep
   */
  public EarlierResults(Path root) {
    this.root = root;
  }

  /**
   * Checks that runs can be taken, and takes none.
   *
   * @param runs all runs of the sweep
   * @throws IllegalArgumentException if none of them is there and finished, or one has other
   *     settings there, or came out otherwise than in the sweep
   */
  void check(List<SweepRun> runs, SweepFolder sweep) {
    List<SweepRun> finished = runs.stream().filter(run -> there(run).isFinished()).toList();
    if (finished.isEmpty()) {
      throw new IllegalArgumentException(
          root
              + ": expected finished runs of this sweep, such as "
              + runs.get(0).folder()
              + "/result.json, found none; give what `squat report --results` wrote, or leave out"
              + " --results");
    }
    for (SweepRun run : finished) {
      RunSettings found = there(run).settings();
      if (!found.equals(run.settings())) {
        throw new IllegalArgumentException(
            there(run).root()
                + ": expected a run of the settings that are asked for, found other ones: "
                + RecordFiles.difference(found, run.settings())
                + "; ask for those, or leave out --results");
      }
      RunFolder own = sweep.run(run.folder());
      if (own.isFinished() && !new FinishedRun(own).hasResultOf(new FinishedRun(there(run)))) {
        throw new IllegalArgumentException(
            there(run).root()
                + ": expected what came out of "
                + own.root()
                + ", found other scores or predictions; the two were not computed alike, and runs of both are no fair"
                + " comparison: choose another --out, or leave out --results");
      }
    }
  }

  private RunFolder there(SweepRun run) {
    return new RunFolder(root.resolve(run.folder()));
  }

  /** The run that counts: that of the sweep if it is finished there, else that of these results. */
  RunFolder of(SweepRun run, SweepFolder sweep) {
    RunFolder own = sweep.run(run.folder());
    RunFolder there = there(run);
    return !own.isFinished() && there.isFinished() ? there : own;
  }

  /** Takes the finished runs that the sweep has not finished. No process works in them. */
  void take(List<SweepRun> runs, SweepFolder sweep) {
    for (SweepRun run : runs) {
      RunFolder own = sweep.run(run.folder());
      if (!own.isFinished() && there(run).isFinished()) {
        new FinishedRun(there(run)).copyTo(own);
      }
    }
  }
}
