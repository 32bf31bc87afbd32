package io.squat.eval;

import com.google.common.primitives.Floats;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a model says about rows: float32 [B, C], B rows of one number a class, or [B, 1], a score.
 *
 * @param kind what the numbers mean; {@link OutputKind#SCORE} where there is one number a row, and
 *     nowhere else
 * @param rows B, at least 1
 * @param columns C, at least 1
 * @param values the numbers, row-major; not copied, not to be changed
 */
// The array is as large as a split; a wrapper would copy it.
@SuppressWarnings("ArrayRecordComponent")
public record Predictions(OutputKind kind, int rows, int columns, float[] values) {

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if the sizes do not fit each other or the kind
   */
  public Predictions {
    if (rows < 1 || columns < 1 || values.length != rows * columns) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "predictions: expected rows x columns values, found %d rows, %d columns, %d values",
              rows,
              columns,
              values.length));
    }
    if ((kind == OutputKind.SCORE) != (columns == 1)) {
      throw new IllegalArgumentException(
          "predictions: expected one column exactly where there are scores, found "
              + columns
              + " columns of "
              + kind.label());
    }
  }

  /** The numbers of a row, float32 [C]; a copy. */
  public float[] row(int row) {
    return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
  }

  /**
   * What is predicted, as {@link io.squat.glue.Metric} takes it: float32 [B], the class of the
   * largest number (the first of equals), or the score.
   */
  public float[] labels() {
    if (kind == OutputKind.SCORE) {
      return values.clone();
    }
    float[] labels = new float[rows];
    for (int row = 0; row < rows; row++) {
      float[] numbers = row(row);
      labels[row] = Floats.indexOf(numbers, Floats.max(numbers));
    }
    return labels;
  }

  /**
   * The probabilities of a row's classes, float32 [C].
   *
   * @throws IllegalStateException if the model gives neither logits nor probabilities
   */
  public float[] probabilities(int row) {
    return switch (kind) {
      case PROBABILITIES -> row(row);
      case LOGITS -> softmax(row(row));
      case CLASS_VALUES, SCORE ->
          throw new IllegalStateException(
              "probabilities: expected an output named logits or probabilities, found "
                  + kind.label());
    };
  }

  private static float[] softmax(float[] logits) {
    double largest = Floats.max(logits);
    double[] exponentials = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      exponentials[i] = Math.exp(logits[i] - largest);
      sum += exponentials[i];
    }
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = (float) (exponentials[i] / sum);
    }
    return probabilities;
  }
}
