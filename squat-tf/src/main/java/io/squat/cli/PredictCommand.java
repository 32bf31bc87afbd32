package io.squat.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
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
  }

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("predict: not part of this build yet");
  }
}
