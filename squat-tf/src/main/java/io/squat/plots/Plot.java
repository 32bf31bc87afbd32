package io.squat.plots;

import java.util.List;

/**
 * Curves in one pair of axes.
 *
 * @param title above it; empty for none
 * @param x the axis to the right
 * @param y the axis upwards
 * @param curves what is drawn, the first at the bottom
 * @param verticals where thin vertical lines stand
 */
public record Plot(String title, Axis x, Axis y, List<Curve> curves, List<Double> verticals) {
  /** Copies the lists. */
  public Plot {
    curves = List.copyOf(curves);
    verticals = List.copyOf(verticals);
  }
}
