package io.squat.plots;

/**
 * An axis.
 *
 * @param label what it shows, with the unit
 * @param scale how values lie on it
 */
public record Axis(String label, Scale scale) {
  /** How values lie on an axis. */
  public enum Scale {
    /** Evenly. */
    LINEAR,
    /** Evenly, with ticks at whole numbers. */
    WHOLE,
    /** By their logarithms; all values are positive. */
    LOG,
    /** Evenly, without ticks: places have no numbers. */
    UNNUMBERED
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

  /** A linear axis without numbers. */
  public static Axis unnumbered(String label) {
    return new Axis(label, Scale.UNNUMBERED);
  }
}
