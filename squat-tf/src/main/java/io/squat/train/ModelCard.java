package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.squat.glue.GlueTask;
import io.squat.glue.OwnTask;
import io.squat.glue.RandomRows;
import io.squat.glue.Task;
import io.squat.ops.Granularity;
import io.squat.ops.IntegerLinear;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.ServingModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/**
 * What a model's folder says of itself to people: {@code README.md}.
 *
 * <p>It holds what the run's files hold and what follows from the graph, and nothing else.
 *
 * @param run where the model is from
 * @param stage which of the run's stages
 * @param format how weights are stored
 * @param model what is served
 * @param version of this program
 */
record ModelCard(
    RunFolder run,
    String stage,
    ServingFormat format,
    ServingModel model,
    int maxLength,
    String version) {
  /** The file in the model's folder. */
  static final String FILE = "README.md";

  private static final int SAMPLE_TOKENS = 5;

  /**
   * The card.
   *
   * @param bytes of the folder's other files
   */
  String text(long bytes) {
    RunSettings settings = run.settings();
    return String.join(
        "\n",
        title(settings),
        facts(settings, bytes),
        scores(settings),
        data(settings),
        signatures(),
        requirements(),
        use(settings),
        limits(settings));
  }

  @FormatMethod
  private static String filled(@FormatString String template, Object... values) {
    return String.format(Locale.ROOT, template, values);
  }

  private boolean quantized() {
    return stage.equals(StageSettings.QUANTIZED);
  }

  private String title(RunSettings settings) {
    Task task = settings.task();
    String classes =
        task.isRegression()
            ? "It gives a row a score."
            : "Its classes, in the order of the outputs: "
                + task.labels().stream()
                    .map(label -> "`" + label + "`")
                    .collect(Collectors.joining(", "))
                + ".";
    return filled(
        """
        # %s, %s

        A BERT-like encoder with a head for %s %s (%s a row). %s
        Written by SQuAT for TensorFlow Java, %s.
        """,
        task.displayName(),
        quantized() ? settings.bits() : "float",
        task instanceof GlueTask ? "GLUE's task" : "the task",
        task.displayName(),
        task.pair() ? "two texts" : "one text",
        classes,
        version);
  }

  private String facts(RunSettings settings, long bytes) {
    StringBuilder table = new StringBuilder("| | |\n|---|---|\n");
    fact(
        table,
        "base model",
        KnownModel.ofHash(settings.model())
            .map(KnownModel::description)
            .orElse("the one whose graph and variables' index have SHA-256 " + settings.model()));
    fact(table, "method", quantized() ? "`" + settings.method().label() + "`" : "`fp`");
    if (quantized()) {
      quantization(table, settings);
    }
    fact(table, "epochs", epochs(settings));
    fact(table, "seed", Long.toString(settings.seed()));
    fact(table, "longest row", maxLength + " tokens; longer ones are cut");
    fact(table, "format", "`" + format.label() + "`: " + storage());
    fact(table, "this folder", megabytes(bytes) + " without this file");
    fact(
        table,
        "the float model's weights",
        megabytes(floatBytes()) + ", the variables that the float stage ended with");
    return table.toString();
  }

  private static void fact(StringBuilder table, String name, String value) {
    table.append("| ").append(name).append(" | ").append(value).append(" |\n");
  }

  private void quantization(StringBuilder table, RunSettings settings) {
    Quantization quantization = settings.quantization();
    fact(
        table,
        "bits W-E-A",
        settings.bits() + ": of linear weights, embeddings and activations; 32 is float");
    quantization
        .grid(Quantizer.Kind.WEIGHT)
        .ifPresent(
            grid -> {
              fact(
                  table,
                  "levels of linear weights",
                  grid.levels().name().toLowerCase(Locale.ROOT)
                      + ", "
                      + grid.qMin()
                      + " to "
                      + grid.qMax());
              fact(
                  table,
                  "step sizes of linear weights",
                  quantization.granularity() == Granularity.CHANNEL
                      ? "one an output channel"
                      : "one a tensor");
            });
  }

  private String epochs(RunSettings settings) {
    String floats = settings.floatEpochs() + " in float";
    return quantized() ? floats + ", then " + settings.epochs() + " with quantizers" : floats;
  }

  private String storage() {
    return switch (format) {
      case PACKED -> "quantized weights and tables in as few bits as they have";
      case INT8 -> "quantized weights and tables as integers of a byte each";
      case FLOAT -> quantized() ? "values of the quantizers' grids in float32" : "float32";
    };
  }

  private long floatBytes() {
    Path folder = run.stage(StageSettings.FLOAT).model();
    try (Stream<Path> files = Files.list(folder)) {
      long bytes = 0;
      for (Path file :
          files.filter(file -> file.getFileName().toString().startsWith("variables.")).toList()) {
        bytes += Files.size(file);
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private String scores(RunSettings settings) {
    StringBuilder table = new StringBuilder();
    table.append(row(settings, StageSettings.FLOAT, settings.floatEpochs()));
    if (quantized()) {
      table.append(row(settings, StageSettings.QUANTIZED, settings.epochs()));
    }
    return filled(
        """
        ## Scores on dev

        Times 100, on the %d rows of the dev file with SHA-256 `%s`, by the graph that was trained, after the last epoch of each
        stage. This model has the weights of the last line.

        | stage | epoch |%s
        |---|---|%s
        %s%s""",
        run.stage(stage).devPredictions().length,
        settings.devHash(),
        settings.task().metrics().stream()
            .map(metric -> " " + metric.displayName() + " |")
            .collect(Collectors.joining()),
        "---|".repeat(settings.task().metrics().size()),
        table,
        further());
  }

  private String further() {
    return run.stage(stage).furtherScores().entrySet().stream()
        .map(
            split ->
                "\nOn `"
                    + split.getKey()
                    + "`: "
                    + split.getValue().entrySet().stream()
                        .map(metric -> filled("%s %.1f", metric.getKey(), 100 * metric.getValue()))
                        .collect(Collectors.joining(", "))
                    + ".\n")
        .collect(Collectors.joining());
  }

  private String row(RunSettings settings, String which, int epochs) {
    List<DevScore> scores = run.stage(which).scores();
    DevScore last = scores.get(scores.size() - 1);
    return "| "
        + (which.equals(StageSettings.FLOAT) ? "float" : "quantized " + settings.bits())
        + " | "
        + last.epoch()
        + " of "
        + epochs
        + " |"
        + last.metrics().values().stream()
            .map(value -> String.format(Locale.ROOT, " %.1f |", 100 * value))
            .collect(Collectors.joining())
        + "\n";
  }

  private String data(RunSettings settings) {
    return filled(
        """
        ## Training data and licences

        - Trained on %s%s with SHA-256 `%s`.
        - %s
        - Licence of the base model: %s.
        """,
        run.data().map(rows -> rows.trainRows() + " rows of ").orElse(""),
        file(settings.task()),
        settings.trainHash(),
        terms(settings.task()),
        KnownModel.ofHash(settings.model())
            .map(KnownModel::licence)
            .orElse("that of the base model, which this program does not know"));
  }

  private static String file(Task task) {
    return task instanceof OwnTask own
        ? filled(
            "a file with texts in %s and %s in `%s`",
            own.columns().texts().stream()
                .map(column -> "`" + column + "`")
                .collect(Collectors.joining(" and ")),
            own.isRegression() ? "scores" : "labels",
            own.columns().label())
        : "the training file in GLUE's layout of " + task.displayName();
  }

  private static String terms(Task task) {
    String source = task.source().name() + ". Terms: " + task.source().terms() + ".";
    return task instanceof OwnTask
        ? "The rows are from " + source
        : filled(
            "GLUE's rows of %s are from %s GLUE itself (https://gluebenchmark.com) gives no"
                + " licence.",
            task.displayName(), source);
  }

  private String signatures() {
    StringBuilder table = new StringBuilder();
    for (Map.Entry<String, SignatureDef> signature : new TreeMap<>(model.signatures()).entrySet()) {
      table
          .append("| `")
          .append(signature.getKey())
          .append("` | ")
          .append(tensors(signature.getValue().getInputsMap()))
          .append(" | ")
          .append(tensors(signature.getValue().getOutputsMap()))
          .append(" |\n");
    }
    return filled(
        """
        ## Signatures

        | signature | inputs | outputs |
        |---|---|---|
        %s
        Ids are WordPiece ids of `assets/vocab.txt` from `[CLS]` to the last `[SEP]`, the mask is 1 there, segments are 1 from the
        second text on; shorter rows are filled up with zeros.
        """,
        table);
  }

  private static String tensors(Map<String, TensorInfo> tensors) {
    return new TreeMap<>(tensors)
        .entrySet().stream()
            .map(
                tensor ->
                    "`"
                        + tensor.getKey()
                        + "` "
                        + type(tensor.getValue())
                        + " "
                        + tensor.getValue().getTensorShape().getDimList().stream()
                            .map(dim -> dim.getSize())
                            .toList())
            .collect(Collectors.joining(", "));
  }

  private static String type(TensorInfo tensor) {
    return switch (tensor.getDtype()) {
      case DT_FLOAT -> "float32";
      case DT_INT32 -> "int32";
      case DT_INT64 -> "int64";
      default ->
          throw new IllegalStateException(
              "signature: no type expected but float32, int32"
                  + " and int64, found "
                  + tensor.getDtype());
    };
  }

  private String requirements() {
    boolean integers =
        model.graph().getNodeList().stream()
            .anyMatch(node -> node.getOp().equals(IntegerLinear.PRODUCT));
    if (!integers) {
      return """
          ## Needs

          No special kernels: the model multiplies in float32 with stock operations.
          """;
    }
    return filled(
        """
        ## Needs

        All signatures but `%s` multiply integers. They need a TensorFlow that was built with oneDNN, as the x86-64 builds for
        Linux are. Another one does not load the model, `%s` either:

            Op type not registered '%s'

        Export the run again with `--compute float` for it. The product is fast on CPUs with AVX512-VNNI, AVX-VNNI or AMX.
        `%s` multiplies the same weights in float32 with stock operations, on GPUs too.
        """,
        ServingModel.FLOAT, ServingModel.FLOAT, IntegerLinear.PRODUCT, ServingModel.FLOAT);
  }

  private String use(RunSettings settings) {
    Map<String, TensorInfo> inputs =
        requireNonNull(model.signatures().get(ServingModel.DEFAULT)).getInputsMap();
    String segments =
        inputs.containsKey(InputRole.SEGMENTS.signatureName())
            ? ", segment_ids=tf.zeros_like(ids)"
            : "";
    return filled(
        """
        ## Use

        ```python
        import tensorflow as tf
        model = tf.saved_model.load(".")  # this folder
        ids = tf.constant([%s])  # any row from [CLS] to [SEP]
        answer = model.signatures["%s"](input_ids=ids, input_mask=tf.ones_like(ids)%s)
        print(answer["%s"].numpy())
        ```
        """,
        RandomRows.of(run.vocabulary(), settings.seed()).next(1, SAMPLE_TOKENS),
        ServingModel.DEFAULT,
        segments,
        settings.task().isRegression() ? "score" : "label");
  }

  private static String limits(RunSettings settings) {
    return filled(
        """
        ## Limits

        The scores are of one run with one seed (%d): no comparison of methods, bits or models. Nothing was measured on
        texts that are not of the task.
        """,
        settings.seed());
  }
}
