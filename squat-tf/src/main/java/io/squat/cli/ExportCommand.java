package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.eval.ModelDescription;
import io.squat.eval.ModelSize;
import io.squat.eval.TextFormat;
import io.squat.glue.EncodedExamples;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.savedmodels.Compute;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.train.EncoderExport;
import io.squat.train.Progress;
import io.squat.train.RunExport;
import io.squat.train.RunFolder;
import io.squat.train.ServingForm;
import io.squat.train.ServingFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat export}. */
@Command(
    name = "export",
    description = {
      "Write a SavedModel that TensorFlow Serving loads.",
      "packed: linear weights and embeddings stored in their 2, 3 or 4 bits, wider ones in 8; int8:"
          + " the same, stored in bytes; float: for any runtime.",
      "With --model, the loaded model itself with its own signature: rewritten but not quantized,"
          + " or with --bits quantized without training."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat export --run runs/cola --format packed --out models/cola",
      "  squat export --model bert-base-uncased --format float --out models/bert",
      "  squat export --model my-encoder --format packed --bits 8-8-8 --calibration-file texts.tsv"
          + " --out models/encoder"
    })
final class ExportCommand extends SquatCommand {
  private static final String VOCABULARY = "assets/vocab.txt";
  private static final String LABELS = "assets/labels.txt";

  private static final Set<String> OF_RUNS =
      Set.of("--run", "--format", "--compute", "--out", "--json", "--verbose");

  private static final Set<String> OF_CALIBRATION =
      Set.of("--text-columns", "--device", "--threads");

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Source source;

  @Option(names = "--format", required = true, description = "packed, int8 or float.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  ServingFormat format;

  @Option(
      names = "--compute",
      defaultValue = "integer",
      description =
          "What the layers of packed and int8 multiply: integer, on CPUs where TensorFlow was built"
              + " with oneDNN, or float, anywhere (default: ${DEFAULT-VALUE}). Where weights are"
              + " quantized, signature serving_float is there with both.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Compute compute;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "DIR/3 writes version 3, DIR the next free version.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Mixin final ChoiceOptions choice = new ChoiceOptions();

  @Option(
      names = "--bits",
      paramLabel = "W-E-A",
      description =
          "Of --model: bits of linear weights, embedding tables and activations, each 2 to 8, or 32"
              + " for float (default: not quantized).")
  @Nullable BitWidths bits;

  @Option(
      names = "--granularity",
      paramLabel = "tensor|channel",
      description =
          "Of --bits: what shares a step size in a linear layer's weights, all of them or those of"
              + " one output channel; embeddings and activations have one a tensor (default:"
              + " tensor).")
  @Nullable Granularity granularity;

  @Option(
      names = "--calibration-file",
      paramLabel = "FILE",
      description =
          "Of --bits: texts like those that the model will read, to find the activations' step sizes"
              + " with; .tsv, .csv or .jsonl with the columns' names, plain or .gz. The first "
              + EncoderExport.CALIBRATION_TEXTS
              + " are used.")
  @Nullable Path calibrationFile;

  @Option(
      names = "--text-columns",
      split = ",",
      converter = Unquoted.class,
      paramLabel = "NAME",
      description =
          "Of --calibration-file: the text's column, or two of a pair (default: the first).")
  @Nullable List<String> textColumns;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

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
        description = "Folder or .tar.gz of a SavedModel, or bert-base-uncased.")
    @Nullable String model;
  }

  /**
   * What the command prints.
   *
   * @param savedModel the folder that was written
   * @param format packed, int8 or float
   * @param bytes of all its files
   */
  record Result(String savedModel, String format, long bytes) {}

  @Override
  Object run(PrintWriter printer) {
    Path target = VersionFolder.of(out);
    SavedModelWriter.requireFree(target);
    if (source.run != null) {
      refuseOptions(
          option -> !OF_RUNS.contains(option.longestName()),
          "expected with --model, found with --run, which has its own");
      RunExport export = new RunExport(new RunFolder(source.run));
      export.write(export.lastStage(), new ServingForm(format, compute), Version.current(), target);
    } else {
      loaded(target);
    }
    long bytes = ModelSize.bytes(target);
    printer.printf(Locale.ROOT, "%s: %s, %.1f MB%n", target, format.label(), bytes / 1e6);
    return new Result(target.toString(), format.label(), bytes);
  }

  private void loaded(Path target) {
    checkOptions();
    ServingForm form = new ServingForm(format, compute);
    Quantization quantization =
        bits == null
            ? null
            : new Quantization(
                bits, null, Objects.requireNonNullElse(granularity, Granularity.TENSOR));
    if (quantization != null) {
      form.check(quantization);
    }
    Progress progress = TerminalProgress.ofStandardError();
    Path folder =
        ModelCache.ofUser(System.getenv(), progress)
            .readable(requireNonNull(source.model), choice.choice());
    EncoderExport export = new EncoderExport(folder, choice.choice());
    SavedModelWriter.write(
        target,
        quantization == null
            ? export.toFloat()
            : export.quantized(
                quantization,
                form,
                calibrationFile == null ? null : texts(calibrationFile, folder),
                run.device(),
                run.threads(),
                progress),
        files(folder));
  }

  private void checkOptions() {
    if (bits == null && format != ServingFormat.FLOAT) {
      throw new IllegalArgumentException(
          "--format "
              + format.label()
              + ": expected --run, or --model with --bits and --calibration-file, found --model"
              + " alone");
    }
    if (bits == null && granularity != null) {
      throw new IllegalArgumentException("--granularity: expected with --bits, which are missing");
    }
    boolean activations = bits != null && bits.activations() != BitWidths.FLOAT_BITS;
    if (calibrationFile != null && !activations) {
      throw new IllegalArgumentException(
          "--calibration-file: expected with --bits W-E-A of quantized activations, found "
              + (bits == null ? "no --bits" : "--bits " + bits));
    }
    if (calibrationFile == null && !activations) {
      refuseOptions(
          option -> OF_CALIBRATION.contains(option.longestName()),
          "expected with --calibration-file, which is missing");
    }
    if (calibrationFile == null && activations) {
      throw new IllegalArgumentException(
          "--bits "
              + bits
              + ": expected with --calibration-file FILE, texts to find the activations' step"
              + " sizes with, which is missing");
    }
  }

  private EncodedExamples texts(Path file, Path folder) {
    InputTexts texts =
        InputTexts.readColumns(file, textColumns).first(EncoderExport.CALIBRATION_TEXTS);
    TextFormat format = text.text(folder);
    return texts.encode(format, format.maxLength());
  }

  /**
   * The vocabulary, and of a model that was exported here what it says of itself and its labels.
   * There is no card: nothing was measured that it could tell.
   */
  private Map<String, byte[]> files(Path folder) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    if (text.choice().vocabulary() != null || Files.isRegularFile(folder.resolve(VOCABULARY))) {
      files.put(VOCABULARY, read(text.vocabulary(folder)));
    }
    ModelDescription.read(folder)
        .ifPresent(
            own ->
                files.put(
                    "assets/" + ModelDescription.FILE,
                    own.unmeasured(format.label(), text.casing(folder), text.maxLength(folder))
                        .toJson()));
    Path labels = folder.resolve(LABELS);
    if (Files.isRegularFile(labels)) {
      files.put(LABELS, read(labels));
    }
    return files;
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
