package io.squat.eval;

import java.util.Locale;

/** What the numbers of a model's output mean. */
public enum OutputKind {
  /** One number a class, log-odds before the softmax. */
  LOGITS,
  /** One number a class, in [0, 1] with sum one. */
  PROBABILITIES,
  /** One number a class; the largest wins, whether these are logits or probabilities or others. */
  CLASS_VALUES,
  /** One number a row, the predicted score. */
  SCORE;

  /** The name, for example {@code logits}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
