package io.squat.eval;

import io.squat.glue.Casing;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How text becomes tokens for a model.
 *
 * @param vocabulary the WordPiece vocabulary's file, {@code vocab.txt}
 * @param casing how it is used
 * @param maxLength tokens that a row is cut to, special tokens included; at least 3, or 5 for pairs
 */
public record TextFormat(Path vocabulary, Casing casing, int maxLength) {
  static final int LEAST_LENGTH = 3;

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if the length leaves no room for a text
   */
  public TextFormat {
    if (maxLength < LEAST_LENGTH) {
      throw new IllegalArgumentException(
          "expected a maximum length of at least " + LEAST_LENGTH + " tokens, found " + maxLength);
    }
  }

  /**
   * What is chosen of a {@link TextFormat}; the rest is as the model's own assets say.
   *
   * @param vocabulary null takes the model's {@code assets/vocab.txt}
   * @param casing null takes what the model was trained with if {@code assets/squat.json} says it
   *     and the vocabulary is the model's own; else {@link Casing#infer} guesses
   * @param maxLength null takes what the model was trained with if {@code assets/squat.json} says
   *     it, else 128
   */
  public record Choice(
      @Nullable Path vocabulary, @Nullable Casing casing, @Nullable Integer maxLength) {
    /** Everything as the model's own assets say. */
    public static final Choice DEFAULT = new Choice(null, null, null);

    private static final int DEFAULT_LENGTH = 128;

    /**
     * The vocabulary: the one that was chosen, or the model's own.
     *
     * @param model the model's folder; null if there is none
     * @throws IllegalArgumentException if there is no such file
     */
    public Path vocabulary(@Nullable Path model) {
      if (vocabulary == null && model == null) {
        throw new IllegalArgumentException(
            "vocabulary: expected one for a model without a folder, found none; give it by --vocab"
                + " FILE, or a folder that has it in its assets by --model DIR");
      }
      Path found =
          vocabulary != null || model == null
              ? vocabulary
              : model.resolve("assets").resolve("vocab.txt");
      if (vocabulary == null && model != null && !Files.isDirectory(model)) {
        throw new IllegalArgumentException(
            model + ": expected the folder of a SavedModel, found no such folder");
      }
      if (found == null || !Files.isRegularFile(found)) {
        throw new IllegalArgumentException(
            found
                + ": expected a WordPiece vocabulary, found no such file; give one by --vocab"
                + " FILE");
      }
      return found;
    }

    /**
     * How the vocabulary is used.
     *
     * @param model the model's folder; null if there is none
     * @throws IllegalArgumentException if there is no vocabulary, or it is none
     */
    public Casing casing(@Nullable Path model) {
      if (casing != null) {
        return casing;
      }
      if (vocabulary == null && model != null) {
        Casing own = ModelDescription.read(model).map(ModelDescription::casing).orElse(null);
        if (own != null) {
          return own;
        }
      }
      return Casing.infer(vocabulary(model));
    }

    /**
     * How many tokens texts are cut to.
     *
     * @param model the model's folder; null if there is none
     */
    public int maxLength(@Nullable Path model) {
      if (maxLength != null) {
        return maxLength;
      }
      return model == null
          ? DEFAULT_LENGTH
          : ModelDescription.read(model).map(ModelDescription::maxLength).orElse(DEFAULT_LENGTH);
    }

    /**
     * All of it.
     *
     * @param model the model's folder; null if there is none
     * @throws IllegalArgumentException if there is no vocabulary, or the length is too small
     */
    public TextFormat format(@Nullable Path model) {
      return new TextFormat(vocabulary(model), casing(model), maxLength(model));
    }
  }
}
