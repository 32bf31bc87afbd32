package io.squat.cli;

import io.squat.eval.TextFormat;
import io.squat.glue.Casing;
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
      description =
          "Longer texts are cut to so many tokens (default: as many as a model that squat exported was"
              + " trained with, else 128).")
  private @Nullable Integer maxLength;

  /** What was asked for; the rest is as the model's own assets say. */
  TextFormat.Choice choice() {
    Casing casing = null;
    if (letters != null && letters.cased) {
      casing = Casing.CASED;
    } else if (letters != null && letters.uncased) {
      casing = Casing.UNCASED;
    }
    return new TextFormat.Choice(vocab, casing, maxLength);
  }

  /**
   * The vocabulary: the one that was given, or the model's own.
   *
   * @param model the folder of the model
   * @throws IllegalArgumentException if there is none
   */
  Path vocabulary(Path model) {
    return choice().vocabulary(model);
  }

  /**
   * How a vocabulary is used: as was asked for, or as the model was trained, or as its entries say.
   *
   * @param model the folder of the model
   */
  Casing casing(Path model) {
    return choice().casing(model);
  }

  /** How text becomes tokens for a model. */
  TextFormat text(Path model) {
    return choice().format(model);
  }

  /**
   * How many tokens texts are cut to.
   *
   * @param model the folder of the model
   */
  int maxLength(Path model) {
    return choice().maxLength(model);
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
