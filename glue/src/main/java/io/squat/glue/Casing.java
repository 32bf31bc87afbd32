package io.squat.glue;

import java.nio.file.Path;
import java.util.Collection;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Whether a vocabulary tells upper from lower case. */
public enum Casing {
  /** Text is taken as it is. */
  CASED,
  /** Text is lower-cased and loses its accents. */
  UNCASED;

  private static final Predicate<String> HAS_UPPER = Pattern.compile("[A-Z]").asPredicate();
  private static final Predicate<String> HAS_LOWER = Pattern.compile("[a-z]").asPredicate();

  /**
   * Infers the casing from a vocabulary: uncased when some entry has a letter a-z and none has a
   * letter A-Z, leaving out entries in brackets such as {@code [CLS]} and {@code [unused1]}; cased
   * otherwise.
   */
  public static Casing infer(Collection<String> entries) {
    boolean upper = false;
    boolean lower = false;
    for (String entry : entries) {
      if (!Vocabulary.isBracketed(entry)) {
        upper |= HAS_UPPER.test(entry);
        lower |= HAS_LOWER.test(entry);
      }
    }
    return lower && !upper ? UNCASED : CASED;
  }

  /**
   * Infers the casing from a {@code vocab.txt}.
   *
   * @throws IllegalArgumentException if the file is no BERT vocabulary (see {@link WordPiece#open})
   */
  public static Casing infer(Path vocabTxt) {
    return infer(Vocabulary.read(vocabTxt).entries());
  }
}
