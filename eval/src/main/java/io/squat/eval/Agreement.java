package io.squat.eval;

import java.util.Locale;

/** How often two models say the same. */
public final class Agreement {
  private Agreement() {}

  /**
   * The share of rows of which two models predict the same class, in [0, 1].
   *
   * @param a one model's predictions
   * @param b the other model's, of the same rows in the same order
   * @throws IllegalArgumentException if the numbers of rows or classes differ, or these are scores,
   *     which are never quite equal
   */
  public static double share(Predictions a, Predictions b) {
    if (a.kind() == OutputKind.SCORE || b.kind() == OutputKind.SCORE) {
      throw new IllegalArgumentException(
          "agreement: expected predicted classes, found scores; compare the models' metrics");
    }
    if (a.rows() != b.rows() || a.columns() != b.columns()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "agreement: expected the same rows and classes, found %d rows of %d classes and %d rows"
                  + " of %d classes",
              a.rows(),
              a.columns(),
              b.rows(),
              b.columns()));
    }
    float[] labelsA = a.labels();
    float[] labelsB = b.labels();
    int equal = 0;
    for (int row = 0; row < labelsA.length; row++) {
      if (labelsA[row] == labelsB[row]) {
        equal++;
      }
    }
    return (double) equal / labelsA.length;
  }
}
