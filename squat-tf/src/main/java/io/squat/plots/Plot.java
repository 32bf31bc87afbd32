package io.squat.plots;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Curves in one pair of axes, or a field under them.
 *
 * @param title above it; empty for none
 * @param x the axis to the right
 * @param y the axis upwards
 * @param curves what is drawn, the first at the bottom
 * @param verticals where thin vertical lines stand
 * @param field what lies under the curves; null for none
 */
public record Plot(
    String title,
    Axis x,
    Axis y,
    List<Curve> curves,
    List<Double> verticals,
    @Nullable Field field) {
  /** Copies the lists. */
  public Plot {
    curves = List.copyOf(curves);
    verticals = List.copyOf(verticals);
  }

  /** Curves alone. */
  public Plot(String title, Axis x, Axis y, List<Curve> curves, List<Double> verticals) {
    this(title, x, y, curves, verticals, null);
  }

  /** A field alone. */
  public static Plot of(String title, Axis x, Axis y, Field field) {
    return new Plot(title, x, y, List.of(), List.of(), field);
  }
}
