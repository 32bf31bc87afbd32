package io.squat.report;

import io.squat.files.RecordFiles;
import io.squat.files.WholeFiles;
import io.squat.sharpness.SharpnessResults;
import io.squat.sweep.SweepFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * Copies what a report needs of runs, which is small enough to be kept with a program's source: the
 * settings of all runs, and of finished ones results, labels, the last stage's predictions and
 * histograms (of a float stage that is no run of its own the same), its metrics as gzip, the
 * model's size, and what was measured of their sharpness.
 */
public final class ResultFiles {
  private static final String RESULT = "result.json";
  private static final List<String> OF_RUN =
      List.of("settings.json", "data.json", "dev-labels.txt");

  private ResultFiles() {}

  /**
   * Copies.
   *
   * @param folder as {@link Report#of} takes it
   * @param target where the runs' folders are made; files that are there are written anew
   * @return how many runs were copied
   * @throws IllegalArgumentException if there is no such folder, or no run in it
   */
  public static int copy(Path folder, Path target) {
    List<ReportedRun> runs = RunFinder.runs(List.of(folder));
    try {
      for (ReportedRun stage : FloatStages.of(runs).stages()) {
        copyLastStage(stage, target.resolve(stage.name()));
      }
      for (ReportedRun run : runs) {
        copy(run, target.resolve(run.name()));
      }
      if (!new SweepFolder(folder).failures().isEmpty()) { // nothing else of it is needed
        copyIfThere(folder.resolve(RunFinder.STATUS), target.resolve(RunFinder.STATUS));
      }
      for (Path results : SharpnessSection.folders(folder)) {
        copyIfThere(
            results.resolve(SharpnessResults.FILE),
            target.resolve(results.getFileName()).resolve(SharpnessResults.FILE));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(target + ": cannot be written: " + e.getMessage(), e);
    }
    return runs.size();
  }

  private static void copy(ReportedRun run, Path target) throws IOException {
    Path root = run.folder().root();
    for (String name : OF_RUN) {
      copyIfThere(root.resolve(name), target.resolve(name));
    }
    if (!run.isFinished()) {
      if (!run.folder().isThere()) { // of a sweep that has not begun it
        Files.createDirectories(target);
        RecordFiles.write(target.resolve("settings.json"), run.settings());
      }
      return;
    }
    copyLastStage(run, target);
    copyIfThere(root.resolve(RESULT), target.resolve(RESULT)); // last: with it a run is finished
  }

  /** Its scores, and the size of its model. */
  private static void copyLastStage(ReportedRun run, Path target) throws IOException {
    Path root = run.folder().root();
    String stage = run.settings().lastStage();
    Path size = target.resolve(root.relativize(RunSize.file(run.folder(), run.settings())));
    Optional<Long> bytes = RunSize.bytes(run.folder(), run.settings());
    if (bytes.isPresent()) {
      Files.createDirectories(size.resolveSibling("."));
      RecordFiles.write(size, new RunSize(bytes.get()));
    }
    for (Path file : stageFiles(root.resolve(stage))) {
      copyFile(file, target.resolve(stage).resolve(file.getFileName()));
    }
    Path histograms = root.relativize(run.folder().stage(stage).histogramsFile());
    copyIfThere(root.resolve(histograms), target.resolve(histograms));
    Path metrics = run.folder().stage(stage).metrics();
    if (Files.isRegularFile(metrics)) {
      zip(metrics, target.resolve(stage).resolve(metrics.getFileName() + ".gz"));
    }
  }

  /** The predictions of each epoch, and metrics that are gzip already. */
  private static List<Path> stageFiles(Path stage) throws IOException {
    if (!Files.isDirectory(stage)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(stage)) {
      return new ArrayList<>(
          files
              .filter(
                  file ->
                      file.getFileName().toString().matches("dev-predictions-\\d+\\.txt|.*\\.gz"))
              .sorted()
              .toList());
    }
  }

  private static void copyIfThere(Path from, Path to) throws IOException {
    if (Files.isRegularFile(from)) {
      copyFile(from, to);
    }
  }

  private static void copyFile(Path from, Path to) throws IOException {
    Files.createDirectories(to.resolveSibling("."));
    if (!Files.exists(to) || !Files.isSameFile(from, to)) {
      WholeFiles.write(to, out -> Files.copy(from, out));
    }
  }

  private static void zip(Path from, Path to) throws IOException {
    Files.createDirectories(to.resolveSibling("."));
    WholeFiles.write(
        to,
        out -> {
          try (OutputStream zipped = new GZIPOutputStream(out)) {
            Files.copy(from, zipped);
          }
        });
  }
}
