package io.squat.plots;

import java.util.List;

/**
 * Points that belong together.
 *
 * @param name in the legend; empty for none
 * @param look colour, dashes and marker
 * @param form how its points are drawn
 * @param points by their x
 */
public record Curve(String name, Look look, Form form, List<Point> points) {
  /** How points are drawn. */
  public enum Form {
    /** A line, with a band from low to high. */
    LINE,
    /** A line with a marker and an error bar at each point. */
    MARKED_LINE,
    /** A bar from zero and an error bar at each point; points are as far apart as bars are wide. */
    BARS,
    /** A level from each point to the next, as of a histogram. */
    STEPS
  }

  /** Copies the points. */
  public Curve {
    points = List.copyOf(points);
  }
}
