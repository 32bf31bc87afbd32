package io.squat.sharpness;

import java.util.stream.IntStream;

/** A variable of which some rows are displaced. */
final class Displaced {
  private final String name;
  private final int columns;
  private final Matrix.Filters filters;
  private final float[] values;
  private final int[] rows;

  /**
   * A variable.
   *
   * @param name of the variable
   * @param columns of the matrix that it is
   * @param filters which way its filters lie
   * @param values of all its rows
   * @param rows which of them are displaced, in rising order
   */
  private Displaced(String name, int columns, Matrix.Filters filters, float[] values, int[] rows) {
    this.name = name;
    this.columns = columns;
    this.filters = filters;
    this.values = values;
    this.rows = rows;
  }

  /** A variable that is displaced as a whole. */
  static Displaced all(String name, int columns, Matrix.Filters filters, float[] values) {
    return new Displaced(
        name, columns, filters, values, IntStream.range(0, values.length / columns).toArray());
  }

  /** The same with only those rows displaced in which a gradient has another number than zero. */
  Displaced where(float[] gradient) {
    int[] some =
        IntStream.of(rows)
            .filter(
                row ->
                    IntStream.range(row * columns, (row + 1) * columns)
                        .anyMatch(i -> gradient[i] != 0))
            .toArray();
    return some.length == 0 ? this : new Displaced(name, columns, filters, values, some);
  }

  /** The values of all rows; not a copy. */
  float[] values() {
    return values;
  }

  Matrix matrix() {
    return new Matrix(name, rows.length, columns, filters);
  }

  /** The displaced rows of a tensor of the variable's shape. */
  float[] take(float[] tensor) {
    float[] taken = new float[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(tensor, rows[i] * columns, taken, i * columns, columns);
    }
    return taken;
  }

  /** All values with a displacement of the displaced rows added. */
  float[] plus(float[] displacement) {
    float[] sums = values.clone();
    for (int i = 0; i < rows.length; i++) {
      for (int column = 0; column < columns; column++) {
        sums[rows[i] * columns + column] += displacement[i * columns + column];
      }
    }
    return sums;
  }
}
