package io.squat.cli;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Floats;
import io.squat.eval.Classifier;
import io.squat.eval.ModelDescription;
import io.squat.eval.OutputKind;
import io.squat.eval.Predictions;
import io.squat.glue.EncodedExamples;
import io.squat.glue.WordPiece;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat predict}. */
@Command(
    name = "predict",
    description = "Print the label and the probabilities, or the score, of texts.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat predict --model models/cola/1 --text \"The book was read by me.\"",
      "  squat predict --model models/rte/1 --text \"It rains.\" --text-pair \"It is wet.\"",
      "  squat predict --model models/cola/1 --input texts.tsv"
    })
final class PredictCommand extends SquatCommand {

  private static final Logger log = LogManager.getLogger();
  private static final int BATCH = 32;

  @Mixin final ModelOptions model = new ModelOptions();

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Texts texts;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  /** Texts from the command line or from a file. */
  static final class Texts {
    @ArgGroup(exclusive = false)
    @Nullable Given given;

    @Option(
        names = "--input",
        required = true,
        paramLabel = "FILE",
        description = "A text a line, or two separated by a tab; UTF-8, plain or gzip.")
    @Nullable Path input;
  }

  /** One text, or a pair. */
  static final class Given {
    @Option(names = "--text", required = true, paramLabel = "TEXT", description = "A text.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    String first;

    @Option(names = "--text-pair", paramLabel = "TEXT", description = "The second text of a pair.")
    @Nullable String second;

    private InputTexts texts() {
      return new InputTexts(List.of(first), second == null ? null : List.of(second));
    }
  }

  /**
   * What the command prints for one text.
   *
   * @param text the text
   * @param pair the second text, or null
   * @param label the class's name, or null for a score
   * @param probability of that class, or null for a score
   * @param probabilities of all classes in their order; empty for a score
   * @param score the value of regression, or null
   */
  record Answer(
      String text,
      @Nullable String pair,
      @Nullable String label,
      @Nullable Float probability,
      List<Float> probabilities,
      @Nullable Float score) {}

  /**
   * The object of {@code --json}.
   *
   * @param answers one a text, in their order
   */
  record Result(List<Answer> answers) {}

  @Override
  Object run(PrintWriter out) {
    Path folder = model.folder(TerminalProgress.ofStandardError());
    Optional<ModelDescription> description = ModelDescription.read(folder);
    InputTexts input =
        texts.given == null ? InputTexts.read(requireNonNull(texts.input)) : texts.given.texts();
    Path vocabulary = text.vocabulary(folder);
    EncodedExamples encoded;
    try (WordPiece wordPiece = WordPiece.open(vocabulary, text.casing(folder))) {
      encoded = wordPiece.encode(input.first(), input.second(), text.maxLength(folder));
    }
    if (encoded.truncatedRows() > 0) {
      log.warn(
          "{} texts are longer than {} tokens and were cut",
          encoded.truncatedRows(),
          text.maxLength(folder));
    }
    Classifier.Options options =
        new Classifier.Options(model.choice(), run.device(), run.threads());
    Predictions predictions;
    try (Classifier classifier = Classifier.open(folder, options)) {
      predictions = classifier.predict(encoded, BATCH, rows -> {});
    }
    List<String> labels = description.map(ModelDescription::labels).orElse(List.of());
    List<Answer> answers = new ArrayList<>();
    for (int row = 0; row < predictions.rows(); row++) {
      Answer answer = answer(input, predictions, labels, row);
      answers.add(answer);
      print(out, answer);
    }
    return new Result(answers);
  }

  private static Answer answer(
      InputTexts input, Predictions predictions, List<String> labels, int row) {
    List<String> second = input.second();
    String first = input.first().get(row);
    String pair = second == null ? null : second.get(row);
    if (predictions.kind() == OutputKind.SCORE) {
      return new Answer(first, pair, null, null, List.of(), predictions.row(row)[0]);
    }
    float[] probabilities = predictions.probabilities(row);
    int index = (int) predictions.labels()[row];
    String label =
        labels.size() == probabilities.length ? labels.get(index) : Integer.toString(index);
    return new Answer(first, pair, label, probabilities[index], Floats.asList(probabilities), null);
  }

  private static void print(PrintWriter out, Answer answer) {
    String result =
        answer.score() != null
            ? String.format(Locale.ROOT, "%.3f", answer.score())
            : String.format(Locale.ROOT, "%s\t%.4f", answer.label(), answer.probability());
    out.println(
        result + "\t" + answer.text() + (answer.pair() == null ? "" : "\t" + answer.pair()));
  }
}
