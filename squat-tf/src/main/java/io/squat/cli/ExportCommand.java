package io.squat.cli;

import io.squat.eval.ModelSize;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.train.RunExport;
import io.squat.train.RunFolder;
import io.squat.train.ServingFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
  ServingFormat format;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "DIR/3 writes version 3, DIR the next free version.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--tags",
      split = ",",
      paramLabel = "TAG",
      description = "Of --model: tags of the graph (default: the only one, else serve).")
  @Nullable List<String> tags;

  @Option(
      names = "--signature",
      paramLabel = "NAME",
      description = "Of --model: the signature (default: serving_default, else the only one).")
  @Nullable String signature;

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

  /**
   * What the command prints.
   *
   * @param savedModel the folder that was written
   * @param format packed or float
   * @param bytes of all its files
   */
  record Result(String savedModel, String format, long bytes) {}

  @Override
  Object run(PrintWriter printer) {
    Path target = VersionFolder.of(out);
    SavedModelWriter.requireFree(target);
    if (source.run != null) {
      RunExport export = new RunExport(new RunFolder(source.run));
      export.write(export.lastStage(), format, Version.current(), target);
    } else {
      loaded(target);
    }
    long bytes = ModelSize.bytes(target);
    printer.printf(Locale.ROOT, "%s: %s, %.1f MB%n", target, format.label(), bytes / 1e6);
    return new Result(target.toString(), format.label(), bytes);
  }

  private void loaded(Path target) {
    if (format != ServingFormat.FLOAT) {
      throw new IllegalArgumentException(
          "--format "
              + format.label()
              + ": expected a trained run to take step sizes from, found --model; give --run, or"
              + " --format float");
    }
    Path folder =
        ModelCache.ofUser(System.getenv(), TerminalProgress.ofStandardError())
            .folder(Objects.requireNonNull(source.model));
    SavedModelReader.Choice choice =
        new SavedModelReader.Choice(tags == null ? null : Set.copyOf(tags), signature);
    ModelGraph graph = SavedModelReader.read(folder, choice);
    SavedModelWriter.write(
        target,
        format.export(graph, Quantization.NONE, ModelValues.ofSavedModel(folder, graph)),
        assets(folder));
  }

  /** The vocabulary, if the model has one. */
  private static Map<String, byte[]> assets(Path folder) {
    Path vocabulary = folder.resolve("assets").resolve("vocab.txt");
    try {
      return Files.isRegularFile(vocabulary)
          ? Map.of("vocab.txt", Files.readAllBytes(vocabulary))
          : Map.of();
    } catch (IOException e) {
      throw new UncheckedIOException(vocabulary + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
