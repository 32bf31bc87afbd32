package io.squat.ops;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.quantization.FakeQuantWithMinMaxVars;
import org.tensorflow.types.TFloat32;

/**
 * Rounding to a grid without a gradient: what {@link LsqQuantizer} does forwards, with a step size
 * that stays as it is.
 *
 * <pre>
 * x_hat = scale * floor(clip(x / s, qMin, qMax) + 1/2)
 * </pre>
 *
 * <p>With one step for a tensor, TensorFlow's operation finds the step again from the grid's
 * bounds, in float32; {@link #scale} is what it finds: s but for the last bit. With one step a
 * column, x / s is rounded to integers, and the scale is s. (TensorFlow has an operation for that
 * too, which takes 15 times as long as the one for tensors on a kernel of [768, 3072], and its
 * gradient likewise.)
 */
public final class FakeQuant {
  private FakeQuant() {}

  /**
   * Quantizes a tensor to the grid.
   *
   * @param tf where the operations are added
   * @param x float32 of any shape
   * @param stepSize what one integer stands for, positive
   * @param grid the integers
   * @return float32 of the shape of {@code x}
   */
  public static Operand<TFloat32> quantize(
      Ops tf, Operand<TFloat32> x, float stepSize, QuantizationGrid grid) {
    return round(
        tf, x, tf.constant(stepSize * grid.qMin()), tf.constant(stepSize * grid.qMax()), grid);
  }

  /**
   * Quantizes a tensor to the grid.
   *
   * @param tf where the operations are added
   * @param x float32 of any shape; [in, out] if there is one step a column
   * @param stepSize float32 scalar, or [out]; positive
   * @param grid the integers
   * @return float32 of the shape of {@code x}
   * @throws IllegalArgumentException if the step size's rank is not known, or another one
   */
  public static Operand<TFloat32> quantize(
      Ops tf, Operand<TFloat32> x, Operand<TFloat32> stepSize, QuantizationGrid grid) {
    Operand<TFloat32> low = tf.constant((float) grid.qMin());
    Operand<TFloat32> high = tf.constant((float) grid.qMax());
    return switch (stepSize.shape().numDimensions()) {
      // Both bounds are whole steps, so that the nudging of the zero point leaves them alone.
      case 0 -> round(tf, x, tf.math.mul(stepSize, low), tf.math.mul(stepSize, high), grid);
      case 1 -> tf.math.mul(round(tf, tf.math.div(x, stepSize), low, high, grid), stepSize);
      default ->
          throw new IllegalArgumentException(
              "Step size: expected a scalar or one step a column, found shape " + stepSize.shape());
    };
  }

  private static Operand<TFloat32> round(
      Ops tf,
      Operand<TFloat32> x,
      Operand<TFloat32> min,
      Operand<TFloat32> max,
      QuantizationGrid grid) {
    return tf.quantization.fakeQuantWithMinMaxVars(
        x,
        min,
        max,
        FakeQuantWithMinMaxVars.numBits((long) grid.bits()),
        FakeQuantWithMinMaxVars.narrowRange(grid.levels() == Levels.SYMMETRIC));
  }

  /**
   * What an integer is multiplied with to give the value that the quantizer gives, to the last bit.
   *
   * @param stepSize what one integer stands for
   * @param grid the integers
   * @return {@code (qMax * s - qMin * s) / (qMax - qMin)} in float32 for a tensor's step; a
   *     channel's is s
   */
  public static StepSize scale(StepSize stepSize, QuantizationGrid grid) {
    return switch (stepSize.granularity()) {
      case TENSOR -> StepSize.of(scale(stepSize.at(0), grid));
      case CHANNEL -> stepSize;
    };
  }

  /**
   * What an integer is multiplied with to give the value that the quantizer gives, to the last bit.
   *
   * @param stepSize what one integer of a tensor stands for, positive
   * @param grid the integers
   * @return {@code (qMax * s - qMin * s) / (qMax - qMin)} in float32
   */
  public static float scale(float stepSize, QuantizationGrid grid) {
    float min = stepSize * grid.qMin();
    float max = stepSize * grid.qMax();
    return (max - min) / (grid.qMax() - grid.qMin());
  }
}
