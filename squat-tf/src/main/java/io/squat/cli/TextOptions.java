package io.squat.cli;

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
      defaultValue = "128",
      description = "Longer texts are cut to so many tokens (default: ${DEFAULT-VALUE}).")
  private int maxLength;

  @Nullable Path vocab() {
    return vocab;
  }

  /** The casing that was asked for, or null to infer it from the vocabulary. */
  @Nullable Casing casing() {
    if (letters != null && letters.cased) {
      return Casing.CASED;
    }
    return letters != null && letters.uncased ? Casing.UNCASED : null;
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
