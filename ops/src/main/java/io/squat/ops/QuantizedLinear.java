package io.squat.ops;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.IdentityN;
import org.tensorflow.op.core.StopGradient;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.quantization.FakeQuantWithMinMaxVars;
import org.tensorflow.types.TFloat32;

/**
 * A linear layer in the training graph whose input and kernel are both quantized: forwards it
 * multiplies their integers, backwards it is the product of their values.
 *
 * <pre>
 * y          = s * s_w * (q q_w + c) + (b - s * s_w * c)        c = 128 * colsum(q_w)
 *            = x_hat w_hat + b                                  but for float rounding
 * dL/dx_hat  = dL/dy w_hat^T
 * dL/dw_hat  = x_hat^T dL/dy
 * dL/db      = sum over rows of dL/dy
 * </pre>
 *
 * <p>Sums of integers are exact in float32 up to 2^24, in whatever order a kernel adds them; sums
 * of products of {@code x_hat} and {@code w_hat} are not, and a difference in their last bit puts
 * activations into neighbouring bins, layer after layer. So what was evaluated while training is,
 * to the last bit, what {@link IntegerLinear} serves: c is the offset of its unsigned inputs. With
 * 4-bit kernels no sum of up to 8,000 terms can leave the exact range, with 8-bit kernels only one
 * of large terms of one sign.
 *
 * <p>A perturbation of the kernel is a thousandth of a step size beside an integer: multiplied with
 * less than float32's 23 bits of fraction, as by TF32 or bfloat16, it is lost.
 */
public final class QuantizedLinear {
  // Places of the inputs of our IdentityN.
  private static final int FORWARD_INDEX = 0;
  private static final int X_INDEX = 1;
  private static final int KERNEL_INDEX = 2;
  private static final int INPUT_COUNT = 4;

  private QuantizedLinear() {}

  /**
   * A quantized tensor.
   *
   * @param values float32, integers times the step size; gradients go here
   * @param integers float32 of the same shape, see {@link #integers}
   * @param stepSize float32 scalar; of a kernel also [out]
   */
  public record Quantized(
      Operand<TFloat32> values, Operand<TFloat32> integers, Operand<TFloat32> stepSize) {}

  /**
   * The integers of a quantized tensor.
   *
   * @param tf where the operations are added
   * @param xHat float32 of any shape, the result of {@link LsqQuantizer#quantize}
   * @param stepSize float32 scalar or, of a kernel, [out]: its step size
   * @return float32 of the same shape
   */
  public static Operand<TFloat32> integers(
      Ops tf, Operand<TFloat32> xHat, Operand<TFloat32> stepSize) {
    return tf.math.rint(tf.math.div(xHat, stepSize));
  }

  /**
   * The layer.
   *
   * @param tf where the operations are added; a graph, as gradients are registered for graphs only
   * @param x the input, [rows, in]
   * @param kernel the kernel, [in, out]; a perturbation may have been added to its values, and, in
   *     units of the step, to its integers
   * @param bias float32 [out]
   * @return float32 [rows, out]
   */
  public static Operand<TFloat32> matMul(
      Ops tf, Quantized x, Quantized kernel, Operand<TFloat32> bias) {
    LsqQuantizer.register();
    Operand<TFloat32> scale = tf.math.mul(x.stepSize(), kernel.stepSize());
    Operand<TFloat32> offset =
        tf.math.mul(
            tf.reduceSum(kernel.integers(), tf.constant(0)),
            tf.constant((float) IntegerLinear.OFFSET));
    Operand<TFloat32> foldedBias = tf.math.sub(bias, tf.math.mul(scale, offset));
    Operand<TFloat32> sums = tf.math.add(tf.linalg.matMul(x.integers(), kernel.integers()), offset);
    Operand<TFloat32> forward = tf.math.add(tf.math.mul(sums, scale), foldedBias);
    IdentityN identity =
        tf.identityN(List.of(tf.stopGradient(forward), x.values(), kernel.values(), bias));
    return identity.output().get(FORWARD_INDEX).expect(TFloat32.class);
  }

  /** The gradients of our IdentityN's inputs, or null if the node is not of this form. */
  static @Nullable List<Operand<?>> gradient(
      Ops tf, GraphOperation identity, List<Output<?>> outputGradients) {
    if (identity.numInputs() != INPUT_COUNT || !isForward(identity.input(FORWARD_INDEX))) {
      return null;
    }
    Operand<TFloat32> x = identity.input(X_INDEX).expect(TFloat32.class);
    Operand<TFloat32> kernel = identity.input(KERNEL_INDEX).expect(TFloat32.class);
    Operand<TFloat32> gradient = outputGradients.get(FORWARD_INDEX).expect(TFloat32.class);
    return List.of(
        gradient, // the forward input ends in a StopGradient: what it gets is unused
        tf.linalg.matMul(gradient, kernel, MatMul.transposeB(true)),
        tf.linalg.matMul(x, gradient, MatMul.transposeA(true)),
        tf.nn.biasAddGrad(gradient));
  }

  private static boolean isForward(Output<?> input) {
    GraphOperation stop = (GraphOperation) input.op();
    return stop.type().equals(StopGradient.OP_NAME)
        && !stop.input(0).op().type().equals(FakeQuantWithMinMaxVars.OP_NAME);
  }
}
