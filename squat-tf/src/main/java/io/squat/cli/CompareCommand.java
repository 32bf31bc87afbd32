package io.squat.cli;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.eval.Classifier;
import io.squat.eval.ModelOutputs;
import io.squat.eval.OutputComparison;
import io.squat.eval.TextFormat;
import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import io.squat.train.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat compare}. */
@Command(
    name = "compare",
    description = {
      "Tell how near SavedModels, such as quantized ones, come to the first one on texts.",
      "Every float32 output that both have by the same name is compared, by rows or by tokens:"
          + " cosines, the differences' norm as a part of the first model's, the largest difference,"
          + " and of classifiers how often they say the same."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat compare --model my-encoder --model models/encoder/1 --text-file texts.tsv",
      "  squat compare --model models/cola-float/1 --model models/cola/1 --text-file texts.tsv"
          + " --text-columns sentence --json near.json"
    })
final class CompareCommand extends SquatCommand {

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR|NAME",
      description =
          "Folder or .tar.gz of a SavedModel, or bert-base-uncased; given twice or more, the first is"
              + " what the others are compared with.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<String> models;

  @Mixin final ChoiceOptions choice = new ChoiceOptions();

  @Option(
      names = "--text-file",
      required = true,
      paramLabel = "FILE",
      description = "The texts; .tsv, .csv or .jsonl with the columns' names, plain or .gz.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path textFile;

  @Option(
      names = "--text-columns",
      split = ",",
      converter = Unquoted.class,
      paramLabel = "NAME",
      description =
          "The text's column, or two of a pair (default: the first). A name with a comma stands in"
              + " double quotes.")
  @Nullable List<String> textColumns;

  @Option(
      names = "--rows",
      defaultValue = "300",
      paramLabel = "N",
      description = "How many texts, from the first on (default: ${DEFAULT-VALUE}).")
  int rows;

  @Option(
      names = "--batch",
      defaultValue = "32",
      paramLabel = "ROWS",
      description = "Rows of a batch (default: ${DEFAULT-VALUE}).")
  int batch;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  /**
   * One model against the first.
   *
   * @param model as it was given
   * @param outputs what was found
   */
  record Compared(String model, List<OutputComparison.Difference> outputs) {}

  /**
   * What the command prints.
   *
   * @param reference the model that the others are compared with
   * @param texts how many were read
   * @param compared the others, in the order in which they were given
   */
  record Result(String reference, int texts, List<Compared> compared) {}

  @Override
  Object run(PrintWriter out) {
    if (models.size() < 2) {
      throw new IllegalArgumentException(
          "--model: expected two models or more, found one; the first is what the others are"
              + " compared with");
    }
    requirePositive("--rows", rows);
    requirePositive("--batch", batch);
    InputTexts texts = InputTexts.readColumns(textFile, textColumns).first(rows);
    Progress progress = TerminalProgress.ofStandardError();
    ModelCache cache = ModelCache.ofUser(System.getenv(), progress);
    List<Path> folders = models.stream().map(cache::folder).toList();
    List<Compared> compared;
    try (ModelOutputs reference = open(folders.get(0))) {
      compared = compare(reference, folders, texts, progress);
    }
    Result result = new Result(models.get(0), texts.first().size(), compared);
    print(out, result);
    return result;
  }

  private static void requirePositive(String option, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          option + ": expected a number of at least 1, found " + value);
    }
  }

  @MustBeClosed
  private ModelOutputs open(Path folder) {
    return ModelOutputs.open(
        folder, new Classifier.Options(choice.choice(), run.device(), run.threads()));
  }

  private List<Compared> compare(
      ModelOutputs reference, List<Path> folders, InputTexts texts, Progress progress) {
    List<Compared> compared = new ArrayList<>();
    for (int i = 1; i < folders.size(); i++) {
      String model = models.get(i);
      try (ModelOutputs other = open(folders.get(i))) {
        OutputComparison comparison = new OutputComparison(reference, other);
        List<Batch> batches = Batches.sequential(encoded(texts, reference, other), batch);
        try (Progress.Work work = progress.begin("comparing " + model, "batch", batches.size())) {
          for (Batch each : batches) {
            comparison.add(each);
            work.step(1);
          }
        }
        compared.add(new Compared(model, comparison.differences()));
      }
    }
    return compared;
  }

  private EncodedExamples encoded(InputTexts texts, ModelOutputs reference, ModelOutputs other) {
    TextFormat format = text.text(reference.folder());
    int length = format.maxLength();
    length = Math.min(length, reference.maxLength().orElse(length));
    length = Math.min(length, other.maxLength().orElse(length));
    return texts.encode(format, length);
  }

  private static void print(PrintWriter out, Result result) {
    for (Compared compared : result.compared()) {
      out.printf(
          Locale.ROOT,
          "%s to %s, %d texts%n",
          compared.model(),
          result.reference(),
          result.texts());
      int width =
          compared.outputs().stream().mapToInt(row -> row.output().length()).max().orElseThrow();
      String name = "  %-" + width + "s";
      out.printf(
          Locale.ROOT,
          name + " %9s %8s %8s %9s %9s %8s%n",
          "",
          "vectors",
          "cosine",
          "least",
          "relative",
          "largest",
          "equal");
      for (OutputComparison.Difference row : compared.outputs()) {
        out.printf(
            Locale.ROOT,
            name + " %9d %8s %8s %9.2e %9.2e %8s%n",
            row.output(),
            row.vectors(),
            shown("%.4f", 1, row.meanCosine()),
            shown("%.4f", 1, row.leastCosine()),
            row.relativeError(),
            row.largestDifference(),
            shown("%.1f %%", 100, row.equalClasses()));
      }
    }
  }

  private static String shown(String format, double times, @Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, format, times * value);
  }
}
