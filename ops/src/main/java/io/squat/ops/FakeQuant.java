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
 * <p>TensorFlow's operation finds the step again from the grid's bounds, in float32. {@link #scale}
 * is what it finds: s but for the last bit.
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
    return quantize(
        tf, x, tf.constant(stepSize * grid.qMin()), tf.constant(stepSize * grid.qMax()), grid);
  }

  /** The same between bounds that are whole steps: {@code qMin * s} and {@code qMax * s}. */
  static Operand<TFloat32> quantize(
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
   * @param stepSize what one integer stands for, positive
   * @param grid the integers
   * @return {@code (qMax * s - qMin * s) / (qMax - qMin)} in float32
   */
  public static float scale(float stepSize, QuantizationGrid grid) {
    float min = stepSize * grid.qMin();
    float max = stepSize * grid.qMax();
    return (max - min) / (grid.qMax() - grid.qMin());
  }
}
