package io.squat.eval;

import org.jspecify.annotations.Nullable;

/**
 * Two texts that a model judges together, such as a premise and a hypothesis.
 *
 * @param text the first text
 * @param textPair the second text
 */
public record TextPair(String text, String textPair) {

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if a text is null
   */
  public TextPair {
    check("text", text);
    check("textPair", textPair);
  }

  private static void check(String what, @Nullable String text) {
    if (text == null) {
      throw new IllegalArgumentException("pair: expected a " + what + ", found null");
    }
  }
}
