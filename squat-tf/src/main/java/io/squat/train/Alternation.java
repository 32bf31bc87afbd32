package io.squat.train;

/**
 * How the two phases of {@link Method#SQUAT} alternate.
 *
 * @param sharpnessBatches K: this many batches move the weights, then one moves the step sizes; 0
 *     is {@code within}: both phases on each batch
 */
public record Alternation(int sharpnessBatches) {
  /** Both phases on each batch, the step sizes by the gradient of the first pass. */
  public static final Alternation WITHIN = new Alternation(0);

  private static final String WITHIN_LABEL = "within";
  private static final String BATCHES_LABEL = "batches:";

  /** Checks that K is not negative. */
  public Alternation {
    if (sharpnessBatches < 0) {
      throw new IllegalArgumentException(
          "alternation: expected at least 1 sharpness batch, found " + sharpnessBatches);
    }
  }

  /** Whether both phases run on each batch. */
  boolean within() {
    return sharpnessBatches == 0;
  }

  /**
   * Reads {@code within} or {@code batches:K}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static Alternation parse(String text) {
    if (text.equals(WITHIN_LABEL)) {
      return WITHIN;
    }
    if (text.matches("batches:[1-9]\\d{0,5}")) {
      return new Alternation(Integer.parseInt(text.substring(BATCHES_LABEL.length())));
    }
    throw new IllegalArgumentException(
        "alternation: expected \"within\" or \"batches:K\" with K of at least 1, found \""
            + text
            + "\"");
  }

  @Override
  public String toString() {
    return within() ? WITHIN_LABEL : BATCHES_LABEL + sharpnessBatches;
  }
}
