package io.squat.savedmodels;

import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/**
 * Trained weights as integers and one step size.
 *
 * <p>The integers are those of the training graph to the last one: the operation that quantized
 * there does it here, so that ties and float rounding fall the same way.
 */
final class QuantizedWeights {
  private final byte[] integers;
  private final float stepSize;
  private final QuantizationGrid grid;

  private QuantizedWeights(byte[] integers, float stepSize, QuantizationGrid grid) {
    this.integers = integers;
    this.stepSize = stepSize;
    this.grid = grid;
  }

  /**
   * Quantizes weights.
   *
   * @param weights the latent weights, finite
   * @param stepSize their learned step size, positive
   * @param grid the grid of their quantizer
   */
  static QuantizedWeights of(float[] weights, float stepSize, QuantizationGrid grid) {
    try (Graph graph = new Graph();
        TFloat32 input = TFloat32.tensorOf(Shape.of(weights.length), DataBuffers.of(weights))) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> x =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(weights.length)));
      Operand<TFloat32> quantized = FakeQuant.quantize(tf, x, stepSize, grid);
      try (Session session = new Session(graph);
          Result result = session.runner().feed(x, input).fetch(quantized).run()) {
        float[] values = new float[weights.length];
        result.get(0).asRawTensor().data().asFloats().read(values);
        byte[] integers = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
          integers[i] = (byte) Math.round(values[i] / stepSize);
        }
        return new QuantizedWeights(integers, stepSize, grid);
      }
    }
  }

  float stepSize() {
    return stepSize;
  }

  /** What the integers stand for, to the last bit as in the training graph. */
  float[] values() {
    float scale = FakeQuant.scale(stepSize, grid);
    float[] values = new float[integers.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = integers[i] * scale;
    }
    return values;
  }

  /** The integers, in the order of the weights. */
  byte[] integers() {
    return integers.clone();
  }
}
