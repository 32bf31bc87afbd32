package io.squat.sweep;

import io.squat.train.RunFolder;
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
   *     settings there
   */
  void check(List<SweepRun> runs) {
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
      there(run).requireSame(run.settings());
    }
  }

  private RunFolder there(SweepRun run) {
    return new RunFolder(root.resolve(run.folder()));
  }

  /** The run that counts: that of the sweep if it was begun, else the finished one there. */
  RunFolder of(SweepRun run, SweepFolder sweep) {
    RunFolder own = sweep.run(run.folder());
    RunFolder there = there(run);
    return !own.isThere() && there.isFinished() ? there : own;
  }

  /** Takes the finished runs that the sweep has not begun. */
  void take(List<SweepRun> runs, SweepFolder sweep) {
    for (SweepRun run : runs) {
      RunFolder own = sweep.run(run.folder());
      RunFolder counts = of(run, sweep);
      if (!counts.root().equals(own.root())) {
        own.takeRun(counts);
      }
    }
  }
}
