package io.squat.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code squat export}. */
@Command(
    name = "export",
    description = {
      "Write a SavedModel that TensorFlow Serving loads.",
      "packed: linear weights and embeddings stored in their 2 to 8 bits; float: for any runtime.",
      "With --model, the loaded model itself, rewritten but not quantized."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat export --run runs/cola --format packed --out models/cola",
      "  squat export --model bert-base-uncased --format float --out models/bert"
    })
final class ExportCommand extends SquatCommand {

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Source source;

  @Option(names = "--format", required = true, description = "packed or float.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Format format;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "DIR/3 writes version 3, DIR the next free version.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  /** A run of {@code train}, or a model as it is. */
  static final class Source {
    @Option(
        names = "--run",
        required = true,
        paramLabel = "DIR",
        description = "Folder of a finished run of train.")
    @Nullable Path run;

    @Option(
        names = "--model",
        required = true,
        paramLabel = "DIR|NAME",
        description = "Folder of a SavedModel, or bert-base-uncased.")
    @Nullable String model;
  }

  /** How weights are stored. */
  enum Format {
    /** In their 2 to 8 bits. */
    PACKED,
    /** As float32. */
    FLOAT
  }

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("export: not part of this build yet");
  }
}
