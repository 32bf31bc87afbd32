package io.squat.savedmodels;

import java.util.Arrays;
import java.util.Locale;

/** What the linear layers of a model multiply with whose weights are stored as integers. */
public enum Compute {
  /** Integers, by kernels that are there where TensorFlow was built with oneDNN. */
  INTEGER,
  /** Float32, by operations of any TensorFlow. */
  FLOAT;

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The value of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Compute of(String label) {
    return Arrays.stream(values())
        .filter(compute -> compute.label().equals(label.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "compute: expected integer or float, found \"" + label + "\""));
  }
}
