package io.squat.cli;

import static java.util.Objects.requireNonNull;

import com.google.common.collect.Streams;
import io.squat.eval.Prediction;
import io.squat.eval.TextClassifier;
import io.squat.eval.TextPair;
import io.squat.glue.TableFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code squat predict}. */
@Command(
    name = "predict",
    description = {
      "Print the most probable label of each text with its probability, or its score.",
      "--json has the probabilities of all labels."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat predict --model models/cola/1 --text \"The book was read by me.\"",
      "  squat predict --model models/rte/1 --text \"It rains.\" --text-pair \"It is wet.\"",
      "  squat predict --model models/cola/1 --input texts.txt",
      "  squat predict --model models/reviews/1 --input new.csv --text-columns title,body",
      "  squat predict --url http://localhost:8501/v1/models/cola --model models/cola/1 --text \"It rains.\""
    })
final class PredictCommand extends SquatCommand {

  private static final Logger log = LogManager.getLogger();
  private static final int BATCH = 32;

  @Mixin final PredictModelOptions model = new PredictModelOptions();

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Texts texts;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  /** Texts from the command line or from a file. */
  static final class Texts {
    @ArgGroup(exclusive = false)
    @Nullable Given given;

    @Option(
        names = "--input",
        required = true,
        paramLabel = "FILE",
        description =
            "A text a line, or two separated by a tab, from the first line on; UTF-8, plain or .gz. With"
                + " --text-columns, or if it is .csv, .jsonl or .ndjson, a table whose other columns do not"
                + " matter: labels are not needed.")
    @Nullable Path input;
  }

  @Option(
      names = "--text-columns",
      split = ",",
      converter = Unquoted.class,
      paramLabel = "NAME",
      description =
          "Column of the text in the table of --input, or the two of a pair (default: those that a"
              + " model for a table of your own was trained with).")
  @Nullable List<String> textColumns;

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
   * @param probabilities of all classes by their names, in their order; empty for a score
   * @param score the value of regression, or null
   */
  record Answer(
      String text,
      @Nullable String pair,
      @Nullable String label,
      @Nullable Float probability,
      Map<String, Float> probabilities,
      @Nullable Float score) {}

  /**
   * The object of {@code --json}.
   *
   * @param answers one a text, in their order
   */
  record Result(List<Answer> answers) {}

  @Override
  Object run(PrintWriter out) {
    model.requireGiven(spec.commandLine());
    InputTexts input = texts.given == null ? read(requireNonNull(texts.input)) : given(texts.given);
    List<Answer> answers;
    try (TextClassifier classifier =
        model.open(text.choice(), run, BATCH, spec.commandLine().getParseResult())) {
      answers = answers(input, classifier);
    }
    answers.forEach(answer -> print(out, answer));
    return new Result(answers);
  }

  private InputTexts given(Given given) {
    if (textColumns != null) {
      throw new IllegalArgumentException(
          "--text-columns: expected with --input, whose columns they are; found with --text");
    }
    return given.texts();
  }

  private InputTexts read(Path file) {
    if (textColumns == null && !TableFile.isCsvOrJson(file)) {
      return InputTexts.read(file);
    }
    return InputTexts.readColumns(
        file,
        textColumns != null
            ? textColumns
            : model
                .textColumns()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "--text-columns: expected the column of the text in "
                                + file
                                + ", or the two of a pair, since no --model says which columns of a table of"
                                + " one's own it was trained with; found none")));
  }

  private static List<Answer> answers(InputTexts input, TextClassifier classifier) {
    List<String> first = input.first();
    List<String> second = input.second();
    List<Prediction> predictions =
        second == null
            ? classifier.predict(first)
            : classifier.predictPairs(
                Streams.zip(first.stream(), second.stream(), TextPair::new).toList());
    long truncated = predictions.stream().filter(Prediction::truncated).count();
    if (truncated > 0) {
      log.warn(
          "{} texts are longer than {} tokens and were cut", truncated, classifier.maxLength());
    }
    List<Answer> answers = new ArrayList<>();
    for (int row = 0; row < predictions.size(); row++) {
      Prediction prediction = predictions.get(row);
      answers.add(
          new Answer(
              first.get(row),
              second == null ? null : second.get(row),
              prediction.label(),
              prediction.probability(),
              prediction.probabilities(),
              prediction.score()));
    }
    return answers;
  }

  /** A text of a table may have tabs and line ends, which part columns and lines here. */
  private static String inLine(String text) {
    return text.replaceAll("[\t\r\n]+", " ");
  }

  private static void print(PrintWriter out, Answer answer) {
    String result =
        answer.score() != null
            ? String.format(Locale.ROOT, "%.3f", answer.score())
            : String.format(Locale.ROOT, "%s\t%.4f", answer.label(), answer.probability());
    out.println(
        result
            + "\t"
            + inLine(answer.text())
            + (answer.pair() == null ? "" : "\t" + inLine(answer.pair())));
  }
}
