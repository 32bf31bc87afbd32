package io.squat.plots;

import java.util.List;

/**
 * An axis.
 *
 * @param label what it shows, with the unit
 * @param scale how values lie on it
 * @param names what stands at 0, 1 and so on, of a named axis
 */
public record Axis(String label, Scale scale, List<String> names) {
  /** How values lie on an axis. */
  public enum Scale {
    /** Evenly. */
    LINEAR,
    /** Evenly, with ticks at whole numbers. */
    WHOLE,
    /** By their logarithms; all values are positive. */
    LOG,
    /** Evenly, with names at whole numbers. */
    NAMED
  }

  /** Copies the names. */
  public Axis {
    names = List.copyOf(names);
  }

  private Axis(String label, Scale scale) {
    this(label, scale, List.of());
  }

  /** A linear axis. */
  public static Axis linear(String label) {
    return new Axis(label, Scale.LINEAR);
  }

  /** A linear axis with ticks at whole numbers. */
  public static Axis whole(String label) {
    return new Axis(label, Scale.WHOLE);
  }

  /** A logarithmic axis. */
  public static Axis log(String label) {
    return new Axis(label, Scale.LOG);
  }

  /** A linear axis with names at 0, 1 and so on. */
  public static Axis named(String label, List<String> names) {
    return new Axis(label, Scale.NAMED, names);
  }
}
