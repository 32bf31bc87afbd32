package io.squat.glue;

import com.google.common.primitives.Doubles;
import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.Immutable;
import java.util.Locale;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * The quality measures of the GLUE benchmark, each with the function that computes it.
 *
 * <p>Predictions and labels are class indices (0, 1, ...) for {@link #ACCURACY}, {@link #F1} and
 * {@link #MATTHEWS}, and scores for {@link #PEARSON} and {@link #SPEARMAN}. All values are
 * fractions: accuracy and F1 in [0, 1], the others in [-1, 1].
 *
 * <p>Where a formula is 0/0 the value is 0, never NaN: a predictor that says the same for every row
 * knows nothing about the labels, and a NaN would spoil every mean over tasks or seeds and has no
 * place in JSON. For F1 and Matthews this is also what scikit-learn returns; for the two
 * correlations SciPy returns NaN.
 *
 * <p>Source: Wang et al., "GLUE", ICLR 2019, section 3.
 */
public enum Metric {
  /** Share of rows whose predicted class is the label. */
  ACCURACY("accuracy", Metric::accuracy),
  /**
   * F1 of class 1: {@code 2 TP / (2 TP + FP + FN)}; 0 where class 1 is neither predicted nor
   * present.
   */
  F1("F1", Metric::f1),
  /**
   * Matthews correlation of two classes, {@code (TP TN - FP FN) /
   * sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN))}; 0 where only one class is predicted or present.
   */
  MATTHEWS("Matthews", Metric::matthews),
  /** Pearson's linear correlation; 0 where predictions or labels are all the same. */
  PEARSON("Pearson", Metric::pearson),
  /**
   * Spearman's rank correlation, ties with their mean rank; 0 where predictions or labels are all
   * the same.
   */
  SPEARMAN("Spearman", Metric::spearman);

  private final String displayName;
  private final Function function;

  Metric(String displayName, Function function) {
    this.displayName = displayName;
    this.function = function;
  }

  /** The name to print, for example {@code Matthews}. */
  public String displayName() {
    return displayName;
  }

  /**
   * Computes the metric.
   *
   * @param predictions float32 [N], class indices or scores
   * @param labels float32 [N], class indices or scores
   * @return the value, a finite number
   * @throws IllegalArgumentException if the lengths differ or are 0, if a prediction or label is
   *     not finite, or, for Matthews, not 0 or 1
   */
  public double value(float[] predictions, float[] labels) {
    if (predictions.length != labels.length || labels.length == 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: expected as many predictions as labels and at least one, found %d predictions and %d labels",
              displayName,
              predictions.length,
              labels.length));
    }
    checkFinite("prediction", predictions, "the model's output is not a number");
    checkFinite("label", labels, "score a split that has labels");
    return function.value(predictions, labels);
  }

  private void checkFinite(String what, float[] values, String remedy) {
    for (int row = 0; row < values.length; row++) {
      if (!Float.isFinite(values[row])) {
        throw new IllegalArgumentException(
            displayName
                + ": "
                + what
                + " of row "
                + row
                + " is "
                + values[row]
                + ", expected a finite number; "
                + remedy);
      }
    }
  }

  private static double accuracy(float[] predictions, float[] labels) {
    int correct = 0;
    for (int row = 0; row < labels.length; row++) {
      if (predictions[row] == labels[row]) {
        correct++;
      }
    }
    return (double) correct / labels.length;
  }

  private static double f1(float[] predictions, float[] labels) {
    Confusion c = Confusion.of(predictions, labels);
    double denominator = 2 * c.truePositive + c.falsePositive + c.falseNegative;
    return denominator == 0 ? 0 : 2 * c.truePositive / denominator;
  }

  private static double matthews(float[] predictions, float[] labels) {
    checkBinary("prediction", predictions);
    checkBinary("label", labels);
    Confusion c = Confusion.of(predictions, labels);
    double denominator =
        Math.sqrt(c.truePositive + c.falsePositive)
            * Math.sqrt(c.truePositive + c.falseNegative)
            * Math.sqrt(c.trueNegative + c.falsePositive)
            * Math.sqrt(c.trueNegative + c.falseNegative);
    double numerator = c.truePositive * c.trueNegative - c.falsePositive * c.falseNegative;
    return denominator == 0 ? 0 : withinOne(numerator / denominator);
  }

  private static void checkBinary(String what, float[] values) {
    for (int row = 0; row < values.length; row++) {
      if (values[row] != 0 && values[row] != 1) {
        throw new IllegalArgumentException(
            "Matthews: expected class 0 or 1, found "
                + what
                + " "
                + values[row]
                + " in row "
                + row);
      }
    }
  }

  private static double pearson(float[] predictions, float[] labels) {
    if (isConstant(predictions) || isConstant(labels)) {
      return 0;
    }
    return withinOne(
        new PearsonsCorrelation().correlation(toDoubles(predictions), toDoubles(labels)));
  }

  private static double spearman(float[] predictions, float[] labels) {
    if (isConstant(predictions) || isConstant(labels)) {
      return 0;
    }
    return withinOne(
        new SpearmansCorrelation().correlation(toDoubles(predictions), toDoubles(labels)));
  }

  /** Takes off what rounding adds to a correlation of one. */
  private static double withinOne(double correlation) {
    return Doubles.constrainToRange(correlation, -1, 1);
  }

  private static boolean isConstant(float[] values) {
    return Floats.min(values) == Floats.max(values);
  }

  private static double[] toDoubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] =
          values[i] + 0.0; // -0 becomes 0: ranking takes them for different, SciPy does not
    }
    return doubles;
  }

  @Immutable
  @FunctionalInterface
  private interface Function {
    double value(float[] predictions, float[] labels);
  }

  /** Counts of class 1 against all others; doubles, so that products of counts do not overflow. */
  private record Confusion(
      double truePositive, double falsePositive, double falseNegative, double trueNegative) {

    static Confusion of(float[] predictions, float[] labels) {
      int truePositive = 0;
      int falsePositive = 0;
      int falseNegative = 0;
      for (int row = 0; row < labels.length; row++) {
        if (predictions[row] == 1 && labels[row] == 1) {
          truePositive++;
        } else if (predictions[row] == 1) {
          falsePositive++;
        } else if (labels[row] == 1) {
          falseNegative++;
        }
      }
      return new Confusion(
          truePositive,
          falsePositive,
          falseNegative,
          labels.length - truePositive - falsePositive - falseNegative);
    }
  }
}
