package io.squat.ops;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How many weights of a linear layer's kernel, float32 [in, out], share one step size.
 *
 * <p>Of kernels alone: embedding tables and activations have one step a tensor.
 */
public enum Granularity {
  /** All of them. */
  TENSOR {
    @Override
    public List<Long> stepShape(long out) {
      return List.of();
    }

    @Override
    public List<float[]> groups(float[] kernel, int out) {
      return List.of(kernel);
    }
  },
  /** Those of one output channel, a column of the kernel. */
  CHANNEL {
    @Override
    public List<Long> stepShape(long out) {
      return List.of(out);
    }

    @Override
    public List<float[]> groups(float[] kernel, int out) {
      if (out < 1 || kernel.length == 0 || kernel.length % out != 0) {
        throw new IllegalArgumentException(
            "Kernel: expected values [in, " + out + "], found " + kernel.length + " values");
      }
      List<float[]> columns = new ArrayList<>();
      for (int column = 0; column < out; column++) {
        float[] values = new float[kernel.length / out];
        for (int row = 0; row < values.length; row++) {
          values[row] = kernel[row * out + column];
        }
        columns.add(values);
      }
      return columns;
    }
  };

  /**
   * The shape of a kernel's step size.
   *
   * @param out columns of the kernel
   * @return no dimension, or [out]
   */
  public abstract List<Long> stepShape(long out);

  /**
   * How many steps a kernel has.
   *
   * @param out columns of the kernel
   */
  public long steps(long out) {
    return stepShape(out).stream().reduce(1L, (a, b) -> a * b);
  }

  /**
   * The weights of each step, in the order of the steps.
   *
   * @param kernel [in, out], row by row
   * @param out columns of the kernel
   * @return one array a step
   * @throws IllegalArgumentException if the values are not whole rows
   */
  public abstract List<float[]> groups(float[] kernel, int out);

  /**
   * The granularity of a name.
   *
   * @param label tensor or channel
   * @throws IllegalArgumentException if there is none
   */
  public static Granularity of(String label) {
    return Arrays.stream(values())
        .filter(granularity -> granularity.label().equals(label.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "granularity: expected tensor or channel, found \"" + label + "\""));
  }

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
