package io.squat.report;

import io.squat.files.RecordFiles;
import io.squat.savedmodels.Inspection;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How large a run's model is: all its parameters at their bits, as {@code squat inspect} counts
 * them. A packed export's file has its graph and the vocabulary besides.
 *
 * @param bytes the size
 */
record RunSize(long bytes) {
  /** In a folder of results, which have no graph to count it from. */
  static final String FILE = "size.json";

  /**
   * Where the size stands: beside the settings, or that of a quantized run's float stage in its
   * folder.
   *
   * @param settings of the run, or of its float stage
   */
  static Path file(RunFolder run, RunSettings settings) {
    boolean own = run.settings().lastStage().equals(settings.lastStage());
    return (own ? run.root() : run.stage(settings.lastStage()).root()).resolve(FILE);
  }

  /** The bytes of a run's model; empty if neither its graph nor its size is there. */
  static Optional<Long> bytes(RunFolder run, RunSettings settings) {
    Path file = file(run, settings);
    if (Files.isRegularFile(file)) {
      return Optional.of(RecordFiles.read(file, RunSize.class).bytes());
    }
    if (!Files.isRegularFile(run.encoder().resolve("saved_model.pb"))) {
      return Optional.empty();
    }
    return Optional.of(
        Inspection.of(
                Rewriting.withHead(
                    SavedModelReader.readGraph(run.encoder(), settings.choice()),
                    settings.outputs()),
                settings.quantization())
            .quantizedBytes());
  }
}
