package io.squat.savedmodels;

import io.squat.ops.Levels;
import io.squat.ops.QuantizationGrid;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.quantization.FakeQuantWithMinMaxVars;
import org.tensorflow.types.TFloat32;

/**
 * The quantizer of the training graph with a step size that stays as it is: the same operation on
 * the same bounds, without the IdentityN that carries the gradient.
 */
final class FakeQuant {
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
  static Operand<TFloat32> quantize(
      Ops tf, Operand<TFloat32> x, float stepSize, QuantizationGrid grid) {
    return tf.quantization.fakeQuantWithMinMaxVars(
        x,
        tf.constant(stepSize * grid.qMin()),
        tf.constant(stepSize * grid.qMax()),
        FakeQuantWithMinMaxVars.numBits((long) grid.bits()),
        FakeQuantWithMinMaxVars.narrowRange(grid.levels() == Levels.SYMMETRIC));
  }
}
