package io.squat.cli;

import io.squat.eval.ModelDescription;
import io.squat.glue.Casing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** How text becomes tokens. */
final class TextOptions {
  private static final int DEFAULT_LENGTH = 128;

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
   * How a vocabulary is used: as was asked for, or as the model was trained, or as its entries say.
   *
   * @param model the folder of the model
   */
  Casing casing(Path model) {
    if (letters != null && letters.cased) {
      return Casing.CASED;
    }
    if (letters != null && letters.uncased) {
      return Casing.UNCASED;
    }
    Optional<ModelDescription> own =
        vocab == null ? ModelDescription.read(model) : Optional.empty();
    return own.map(ModelDescription::casing).orElseGet(() -> Casing.infer(vocabulary(model)));
  }

  /** How text becomes tokens for a model. */
  Scoring.Text text(Path model) {
    return new Scoring.Text(vocabulary(model), casing(model), maxLength(model));
  }

  /**
   * How many tokens texts are cut to.
   *
   * @param model the folder of the model
   */
  int maxLength(Path model) {
    return maxLength != null
        ? maxLength
        : ModelDescription.read(model).map(ModelDescription::maxLength).orElse(DEFAULT_LENGTH);
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
