package io.squat.train;

import io.squat.files.FolderLock;
import io.squat.files.RecordFiles;
import io.squat.files.WholeFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What other runs take of one, instead of doing it again.
 *
 * @param run a finished run, or what {@code report --results} keeps of one; for its float stage
 *     that has to be finished alone
 */
public record FinishedRun(RunFolder run) {
  /**
   * Checks that the float stage is what another run's would be.
   *
   * @param settings of the run that wants it
   * @throws IllegalArgumentException if it is not finished, or of other settings
   */
  void requireFloatStage(RunSettings settings) {
    FloatSettings found = run.settings().floatSettings();
    FloatSettings wanted = settings.floatSettings();
    if (!found.equals(wanted)) {
      throw new IllegalArgumentException(
          run.root()
              + ": expected a run with the float stage of this one, found one of other settings: "
              + RecordFiles.difference(found, wanted)
              + "; choose another --float-run, or none");
    }
    run.requireModel(StageSettings.FLOAT);
  }

  /** Gives a run the float stage; its model is linked where that is possible. */
  void copyFloatStageTo(RunFolder place) {
    Path given = run.stage(StageSettings.FLOAT).root();
    WholeFiles.writeFolder(place.stage(StageSettings.FLOAT).root(), part -> copyFiles(given, part));
  }

  /** Puts the run in the place of another one; models are linked where that is possible. */
  public void copyTo(RunFolder place) {
    WholeFiles.writeFolder(place.root(), part -> copyFiles(run.root(), part));
  }

  /** Copies the files of this run below one of its folders, but checkpoints and locks. */
  private void copyFiles(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = to.resolve(from.relativize(file));
        if (file.equals(run.root().resolve(FolderLock.FILE))
            || isBelow(file, StageFolder::checkpointFolder)) {
          continue;
        }
        Files.createDirectories(copy.resolveSibling("."));
        if (isBelow(file, StageFolder::model)) {
          link(file, copy);
        } else {
          Files.copy(file, copy);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(to + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private boolean isBelow(Path file, Function<StageFolder, Path> place) {
    return Stream.of(StageSettings.FLOAT, StageSettings.QUANTIZED)
        .anyMatch(stage -> file.startsWith(place.apply(run.stage(stage))));
  }

  private static void link(Path file, Path place) throws IOException {
    try {
      Files.createLink(place, file.toRealPath());
    } catch (UnsupportedOperationException | FileSystemException e) { // another disk
      Files.copy(file, place);
    }
  }

  /**
   * Whether the last stage of another finished run of the same settings came out as that of this
   * one, by the scores and predictions of all its epochs. Scores on further rows do not count:
   * whether there are any depends on the files that were there.
   */
  public boolean hasResultOf(FinishedRun other) {
    String stage = run.settings().lastStage();
    RunResult ours = run.readResult();
    RunResult theirs = other.run.readResult();
    if (!ours.floatScores().equals(theirs.floatScores())
        || !ours.quantizedScores().equals(theirs.quantizedScores())) {
      return false;
    }
    for (int epoch = 1; epoch <= ours.lastScores().size(); epoch++) {
      Optional<float[]> here = run.stage(stage).devPredictions(epoch);
      Optional<float[]> there = other.run.stage(stage).devPredictions(epoch);
      if (here.isPresent() && there.isPresent() && !Arrays.equals(here.get(), there.get())) {
        return false;
      }
    }
    return true;
  }
}
