package io.squat.savedmodels;

import com.google.common.primitives.Floats;
import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
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
 * Trained weights as integers and their step size.
 *
 * <p>The integers are those of the training graph to the last one, and the values to the last bit:
 * the operations that quantized there do it here, so that ties and float rounding fall the same
 * way. The step size is fed: by a constant TensorFlow does not divide, it multiplies with one over
 * it.
 */
final class QuantizedWeights {
  private final float[] values;
  private final byte[] integers;
  private final StepSize stepSize;

  private QuantizedWeights(float[] values, byte[] integers, StepSize stepSize) {
    this.values = values;
    this.integers = integers;
    this.stepSize = stepSize;
  }

  /**
   * Quantizes weights.
   *
   * @param weights the latent weights, finite, row by row
   * @param stepSize their learned step size
   * @param grid the grid of their quantizer
   */
  static QuantizedWeights of(float[] weights, StepSize stepSize, QuantizationGrid grid) {
    int columns = stepSize.values().size();
    Shape shape = Shape.of(weights.length / columns, columns);
    try (Graph graph = new Graph();
        TFloat32 input = TFloat32.tensorOf(shape, DataBuffers.of(weights));
        TFloat32 steps =
            TFloat32.tensorOf(
                stepSize.shape(), DataBuffers.of(Floats.toArray(stepSize.values())))) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> x = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
      Placeholder<TFloat32> step =
          tf.placeholder(TFloat32.class, Placeholder.shape(stepSize.shape()));
      Operand<TFloat32> quantized = FakeQuant.quantize(tf, x, step, grid);
      try (Session session = Device.cpuSession(graph);
          Result result =
              session.runner().feed(x, input).feed(step, steps).fetch(quantized).run()) {
        float[] values = new float[weights.length];
        result.get(0).asRawTensor().data().asFloats().read(values);
        byte[] integers = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
          integers[i] = (byte) Math.round(values[i] / stepSize.at(i));
        }
        return new QuantizedWeights(values, integers, stepSize);
      }
    }
  }

  StepSize stepSize() {
    return stepSize;
  }

  /** What the integers stand for. */
  float[] values() {
    return values.clone();
  }

  /** The integers, in the order of the weights. */
  byte[] integers() {
    return integers.clone();
  }
}
