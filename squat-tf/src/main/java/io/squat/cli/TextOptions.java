package io.squat.cli;

import io.squat.glue.Casing;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** How text becomes tokens. */
final class TextOptions {
  @Option(
      names = "--vocab",
      paramLabel = "FILE",
      description = "WordPiece vocabulary (default: assets/vocab.txt of the model).")
  private @Nullable Path vocab;

  @ArgGroup private @Nullable Case letters;

  @Option(
      names = "--max-length",
      paramLabel = "TOKENS",
      defaultValue = "128",
      description = "Longer texts are cut to so many tokens (default: ${DEFAULT-VALUE}).")
  private int maxLength;

  /**
   * The vocabulary: the one that was given, or the model's own.
   *
   * @param model the folder of the model
   * @throws IllegalArgumentException if there is none
   */
  Path vocabulary(Path model) {
    Path own = model.resolve("assets").resolve("vocab.txt");
    Path found = vocab == null ? own : vocab;
    if (!Files.isRegularFile(found)) {
      throw new IllegalArgumentException(
          found
              + ": expected a WordPiece vocabulary, found no such file; give one by --vocab FILE");
    }
    return found;
  }

  /**
   * How a vocabulary is used: as was asked for, or as its entries say.
   *
   * @param vocabulary the vocabulary
   */
  Casing casing(Path vocabulary) {
    if (letters != null && letters.cased) {
      return Casing.CASED;
    }
    return letters != null && letters.uncased ? Casing.UNCASED : Casing.infer(vocabulary);
  }

  /** How text becomes tokens for a model. */
  Scoring.Text text(Path model) {
    Path found = vocabulary(model);
    return new Scoring.Text(found, casing(found), maxLength);
  }

  int maxLength() {
    return maxLength;
  }

  /** One of the two, or neither. */
  static final class Case {
    @Option(
        names = "--cased",
        required = true,
        description = "Tell upper from lower case (default: inferred from the vocabulary).")
    private boolean cased;

    @Option(
        names = "--uncased",
        required = true,
        description = "Lower-case the text and strip accents.")
    private boolean uncased;
  }
}
