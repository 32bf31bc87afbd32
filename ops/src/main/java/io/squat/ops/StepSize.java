package io.squat.ops;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A step size whose numbers are known.
 *
 * @param granularity what shares a number
 * @param values one number, or one for each column of a kernel; positive
 */
public record StepSize(Granularity granularity, List<Float> values) {
  /**
   * Copies the numbers.
   *
   * @throws IllegalArgumentException if there are none, or one is not positive and finite, or there
   *     are several for a whole tensor
   */
  public StepSize {
    values = List.copyOf(values);
    if (values.isEmpty() || (granularity == Granularity.TENSOR && values.size() > 1)) {
      throw new IllegalArgumentException(
          "Step size: expected one number a "
              + granularity.label()
              + ", found "
              + values.size()
              + " numbers");
    }
    for (float value : values) {
      if (!(value > 0 && value <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException("Step size: expected positive numbers, found " + value);
      }
    }
  }

  /** The step size of a whole tensor. */
  public static StepSize of(float value) {
    return new StepSize(Granularity.TENSOR, List.of(value));
  }

  /**
   * The step of a weight.
   *
   * @param index its place in the kernel [in, out], row by row
   */
  public float at(int index) {
    return values.get(index % values.size());
  }

  /** Every number multiplied in float32. */
  public StepSize times(float factor) {
    List<Float> products = new ArrayList<>();
    for (float value : values) {
      products.add(value * factor);
    }
    return new StepSize(granularity, products);
  }

  /** No dimension, or [out]. */
  public Shape shape() {
    return Shape.of(
        granularity.stepShape(values.size()).stream().mapToLong(Long::longValue).toArray());
  }

  /**
   * The numbers in a graph.
   *
   * @return float32 scalar, or [out]
   */
  public Operand<TFloat32> constant(Ops tf) {
    if (granularity == Granularity.TENSOR) {
      return tf.constant(values.get(0).floatValue());
    }
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return tf.constant(array);
  }
}
