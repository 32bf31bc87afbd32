package io.squat.plots;

/**
 * A point of a curve.
 *
 * @param x where
 * @param y how high
 * @param low the lower end of its error bar or band
 * @param high the upper end
 */
public record Point(double x, double y, double low, double high) {
  /** A point without an error. */
  public static Point of(double x, double y) {
    return new Point(x, y, y, y);
  }

  /** A point with the same error in both directions. */
  public static Point of(double x, double y, double error) {
    return new Point(x, y, y - error, y + error);
  }
}
