package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * The name and shape of a matrix of weights, and which of its entries make a filter.
 *
 * <p>A filter is what makes one output: a column of a kernel [in, out], a row of a table.
 *
 * @param name of the variable
 * @param rows how many rows it has
 * @param columns how many columns it has
 * @param filters which way its filters lie
 */
public record Matrix(String name, int rows, int columns, Filters filters) {
  /** Which way the filters of a matrix lie. */
  public enum Filters {
    /** A column is a filter: kernels. */
    COLUMNS,
    /** A row is a filter: tables. */
    ROWS
  }

  /** Checks that there are entries. */
  public Matrix {
    checkArgument(
        rows > 0 && columns > 0,
        "matrix %s: expected rows and columns, found [%s, %s]",
        name,
        rows,
        columns);
  }

  int size() {
    return Math.multiplyExact(rows, columns);
  }

  int filterCount() {
    return filters == Filters.COLUMNS ? columns : rows;
  }

  /** The filter of an entry, by its place row by row. */
  int filter(int index) {
    return filters == Filters.COLUMNS ? index % columns : index / columns;
  }
}
