package io.squat.ops;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/**
 * A linear layer in 8-bit integers, for CPUs of a TensorFlow that was built with oneDNN, as those
 * for x86 are.
 *
 * <pre>
 * q  = x_int + 128                                             uint8, QuantizeV2 over [-128 s, 127 s]
 * y  = s * s_w * (q W_int) + b'
 * b' = b - s * s_w * (128 * colsum(W_int))                     so y = s * s_w * (x_int W_int) + b
 * </pre>
 *
 * <p>With one step for the kernel its ranges are chosen so that it multiplies with s * s_w and adds
 * b'. With one step a column, s_w [out], the ranges give a factor of 1, and a product and a sum
 * behind the kernel do the same.
 *
 * <p>The kernel knows unsigned inputs only, hence the offset of 128, which the bias takes back. It
 * is told that its input begins at zero (mode SCALED): with a negative minimum its own correction
 * of the offset is wrong.
 *
 * <p>The operation is the one that TensorFlow puts in the place of the public {@code
 * QuantizedMatMulWithBiasAndDequantize} where it turns oneDNN on. Written out it runs on every x86
 * CPU, and it may be told that its weights do not change, so that it lays them out once, wherever
 * they come from. For the public one they have to be constants of the graph, of which TensorFlow
 * makes so many copies that a BERT-base with 43 MB of weights took 2 GB of memory and 12 s for its
 * first answer.
 *
 * <p>The input is rounded by the quantizer of the training graph, {@link FakeQuant}, and QuantizeV2
 * only makes integers of what is on the grid already: by itself it rounds ties to even, and about
 * one activation in 100,000 is one. The kernel multiplies and adds the bias in float32, one after
 * the other, so that {@link QuantizedLinear} can do the same: outputs are equal to the last bit.
 */
public final class IntegerLinear {
  /** The operation that multiplies; tried in TensorFlow 2.18 and 2.21. */
  public static final String PRODUCT = "_MklQuantizedMatMulWithBiasAndDequantize";

  // What the offset of a signed 8-bit integer in an unsigned one is, and what the ranges count.
  static final int OFFSET = 128;
  private static final int MAX_INPUT = 127;
  private static final int MAX_OFFSET_INPUT = 255;
  private static final int MAX_WEIGHT = 127;

  private IntegerLinear() {}

  /**
   * An input that several layers may share.
   *
   * @param values quint8 [rows, in], the integers plus 128
   * @param stepSize what one integer stands for, positive
   */
  public record QuantizedInput(Operand<? extends TType> values, float stepSize) {
    /** Refuses a missing tensor. */
    public QuantizedInput {
      Objects.requireNonNull(values, "values");
    }
  }

  /**
   * Quantizes the input of one or more layers.
   *
   * @param tf where the operations are added
   * @param x float32 [rows, in]
   * @param stepSize step of the input, positive
   * @param grid grid of the input
   * @return the input in integers
   * @throws IllegalArgumentException if the step is not positive
   */
  public static QuantizedInput quantizeInput(
      Ops tf, Operand<TFloat32> x, float stepSize, QuantizationGrid grid) {
    if (!(stepSize > 0)) {
      throw new IllegalArgumentException(
          "Step size of input: expected a positive number, found " + stepSize);
    }
    Operation quantize =
        tf.scope()
            .opBuilder("QuantizeV2", "QuantizeV2")
            .addInput(FakeQuant.quantize(tf, x, stepSize, grid).asOutput())
            .addInput(tf.constant(-OFFSET * stepSize).asOutput())
            .addInput(tf.constant(MAX_INPUT * stepSize).asOutput())
            .setAttr("T", DataType.DT_QUINT8)
            .setAttr("mode", "MIN_FIRST")
            // The default widens a range of less than 0.01, that is steps under 4e-5.
            .setAttr("ensure_minimum_range", 0f)
            .build();
    return new QuantizedInput(quantize.output(0), stepSize);
  }

  /**
   * The product and its bias.
   *
   * @param tf where the operations are added
   * @param input what {@link #quantizeInput} made, [rows, in]
   * @param weights int8 [in, out], see {@link IntegerStorage#kernel}; the kernel keeps what it
   *     makes of them at its first call
   * @param weightStepSize step of the weights
   * @param foldedBias float32 [out], a constant of {@link #foldBias}
   * @return float32 [rows, out]
   */
  public static Operand<TFloat32> matMul(
      Ops tf,
      QuantizedInput input,
      Operand<? extends TType> weights,
      StepSize weightStepSize,
      Operand<TFloat32> foldedBias) {
    StepSize scale = weightStepSize.times(input.stepSize());
    return switch (scale.granularity()) {
      case TENSOR -> product(tf, input, weights, scale.at(0), foldedBias);
      case CHANNEL -> {
        Operand<TFloat32> noBias = tf.constant(new float[scale.values().size()]);
        Operand<TFloat32> sums = product(tf, input, weights, 1, noBias);
        // Not Add: TensorFlow joins constants that are added one after the other.
        yield tf.nn.biasAdd(tf.math.mul(sums, scale.constant(tf)), foldedBias);
      }
    };
  }

  /** The integer kernel: {@code scale * (q W_int) + bias}. */
  private static Operand<TFloat32> product(
      Ops tf,
      QuantizedInput input,
      Operand<? extends TType> weights,
      float scale,
      Operand<TFloat32> bias) {
    Operand<TFloat32> zero = tf.constant(0f);
    Ranges ranges = Ranges.of(scale);
    return tf.scope()
        .opBuilder(PRODUCT, "QuantizedMatMul")
        .addInput(input.values().asOutput())
        .addInput(BitPacking.bitcast(tf, weights, DataType.DT_QINT8).asOutput())
        .addInput(bias.asOutput())
        .addInput(zero.asOutput())
        .addInput(tf.constant(ranges.maxInput()).asOutput())
        .addInput(tf.constant(-ranges.maxWeight()).asOutput())
        .addInput(tf.constant(ranges.maxWeight()).asOutput())
        .addInput(zero.asOutput()) // the range of an integer result: not read for float32
        .addInput(zero.asOutput())
        .setAttr("Toutput", DataType.DT_FLOAT)
        .setAttr("input_quant_mode", "SCALED")
        .setAttr("is_weight_const", true)
        .setAttr("_kernel", "QuantizedMklOp")
        .build()
        .<TFloat32>output(0);
  }

  /**
   * The ranges that let the kernel multiply with a scale exactly: {@code (maxInput / 255) *
   * (maxWeight / 127)} in float32 is the scale. The obvious ones, 255 and 127 steps, miss it by the
   * last bit for about one scale in a hundred.
   */
  record Ranges(float maxInput, float maxWeight) {
    private static final int NEIGHBOURS = 3;
    private static final int FACTORS = 64;

    static Ranges of(float scale) {
      for (int factor = 1; factor <= FACTORS; factor++) {
        float maxWeight = scale / factor * MAX_WEIGHT;
        for (int i = 0; i < NEIGHBOURS; i++) {
          maxWeight = Math.nextDown(maxWeight);
        }
        for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
          if (factor * (maxWeight / MAX_WEIGHT) == scale) {
            return new Ranges(MAX_OFFSET_INPUT * factor, maxWeight);
          }
          maxWeight = Math.nextUp(maxWeight);
        }
      }
      throw new IllegalStateException("no ranges for scale " + scale);
    }
  }

  /**
   * The bias with the input's offset taken back, in float32 as {@link QuantizedLinear} does it.
   *
   * @param bias float32 [out]; zeros for a layer without one
   * @param weights integers [in, out], row by row
   * @param stepSize step of the input
   * @param weightStepSize step of the weights, one or as many as there are columns
   * @return float32 [out], {@code b - s * s_w * (128 * colsum(W_int))}
   * @throws IllegalArgumentException if the weights are not whole rows of the bias's length, or the
   *     steps are not one a column
   */
  public static float[] foldBias(
      float[] bias, byte[] weights, float stepSize, StepSize weightStepSize) {
    int columns = bias.length;
    if (columns == 0 || weights.length == 0 || weights.length % columns != 0) {
      throw new IllegalArgumentException(
          "Bias of an integer linear layer: expected weights [in, "
              + columns
              + "], found "
              + weights.length
              + " weights");
    }
    if (weightStepSize.values().size() != weightStepSize.granularity().steps(columns)) {
      throw new IllegalArgumentException(
          "Bias of an integer linear layer: expected one step a "
              + weightStepSize.granularity().label()
              + " of "
              + columns
              + " columns, found "
              + weightStepSize.values().size());
    }
    long[] sums = new long[columns];
    for (int i = 0; i < weights.length; i++) {
      sums[i % columns] += weights[i];
    }
    StepSize scale = weightStepSize.times(stepSize);
    float[] folded = new float[columns];
    for (int column = 0; column < columns; column++) {
      folded[column] = bias[column] - scale.at(column) * (float) (OFFSET * sums[column]);
    }
    return folded;
  }
}
