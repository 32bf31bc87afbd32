package io.squat.ops;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.IdentityN;
import org.tensorflow.op.core.StopGradient;
import org.tensorflow.op.quantization.FakeQuantWithMinMaxVars;
import org.tensorflow.op.quantization.FakeQuantWithMinMaxVarsGradient;
import org.tensorflow.types.TFloat32;

/**
 * The quantizer with a learned step size, and its straight-through gradient.
 *
 * <pre>
 * v          = x / s
 * v_bar      = floor(clip(v, qMin, qMax) + 1/2)
 * x_hat      = s * v_bar
 * d x_hat/dx = 1 where qMin &lt;= v &lt;= qMax, else 0
 * d x_hat/ds = g * (v_bar - v inside, qMin below, qMax above)
 * </pre>
 *
 * <p>Source: Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv 1902.08153),
 * equations 1 to 3 and section 2.2 (the gradient scale g).
 *
 * <p>The forward pass is one FakeQuantWithMinMaxVars. The backward pass is one gradient function
 * registered for IdentityN in the manner of {@code tf.custom_gradient}: {@code x_hat =
 * IdentityN(StopGradient(FakeQuant(x, min, max)), x, s, g)}. The same function knows the forms that
 * {@link QuantizedLinear} and {@link StraightThrough} build; an IdentityN of any other form passes
 * its gradients through, as TensorFlow's own gradient of it does.
 */
public final class LsqQuantizer {
  /** The smallest step size; {@link #clampPositive} keeps every step at or above it. */
  public static final float MIN_STEP = 1e-6f;

  // Places of the inputs of our IdentityN.
  private static final int FORWARD_INDEX = 0;
  private static final int X_INDEX = 1;
  private static final int STEP_SIZE_INDEX = 2;
  private static final int GRADIENT_SCALE_INDEX = 3;
  private static final int INPUT_COUNT = 4;

  // Places of the inputs of FakeQuantWithMinMaxVars.
  private static final int MIN_INDEX = 1;
  private static final int MAX_INDEX = 2;

  private static boolean registered;

  private LsqQuantizer() {}

  /**
   * Quantizes a tensor to the grid.
   *
   * @param tf where the operations are added; a graph, as gradients are registered for graphs only
   * @param x float32 of any shape
   * @param stepSize float32 scalar, positive (see {@link #clampPositive})
   * @param grid the integers that the result may hold, in units of the step
   * @param gradientScale factor of the step's gradient, see {@link #gradientScale}
   * @return float32 of the shape of {@code x}, integers of the grid times the step
   * @throws IllegalStateException if another program in this JVM has registered a gradient for
   *     IdentityN
   * @throws UnsupportedOperationException on Windows
   */
  public static Operand<TFloat32> quantize(
      Ops tf,
      Operand<TFloat32> x,
      Operand<TFloat32> stepSize,
      QuantizationGrid grid,
      float gradientScale) {
    register();
    // Both bounds are whole steps, so FakeQuant's nudging of the zero point leaves them alone.
    Operand<TFloat32> min = tf.math.mul(stepSize, tf.constant((float) grid.qMin()));
    Operand<TFloat32> max = tf.math.mul(stepSize, tf.constant((float) grid.qMax()));
    Operand<TFloat32> forward = FakeQuant.quantize(tf, x, min, max, grid);
    IdentityN identity =
        tf.identityN(List.of(tf.stopGradient(forward), x, stepSize, tf.constant(gradientScale)));
    return identity.output().get(FORWARD_INDEX).expect(TFloat32.class);
  }

  /**
   * The factor g of a step size's gradient, which keeps the step's relative change as small as the
   * weights'.
   *
   * @param n number of weights of the tensor; for activations the number of features of a row
   * @param grid the grid of the quantizer
   * @return 1 / sqrt(n * Qp)
   * @throws IllegalArgumentException if {@code n} is not positive
   */
  public static float gradientScale(long n, QuantizationGrid grid) {
    if (n <= 0) {
      throw new IllegalArgumentException(
          "Gradient scale of a step size: expected a positive number of elements, found " + n);
    }
    return (float) (1 / Math.sqrt((double) n * grid.qMax()));
  }

  /**
   * Keeps a step size positive; to be applied to the result of every update.
   *
   * @param tf where the operation is added
   * @param stepSize float32 of any shape
   * @return float32 of the same shape, at least {@link #MIN_STEP}; NaN stays NaN
   */
  public static Operand<TFloat32> clampPositive(Ops tf, Operand<TFloat32> stepSize) {
    return tf.math.maximum(stepSize, tf.constant(MIN_STEP));
  }

  /**
   * Registers the gradient for the whole JVM; {@link #quantize} does so by itself on first use.
   * Calling it again changes nothing.
   *
   * @throws IllegalStateException if another program in this JVM has registered a gradient for
   *     IdentityN
   * @throws UnsupportedOperationException on Windows
   */
  public static synchronized void register() {
    if (registered) {
      return;
    }
    try {
      registered = TensorFlow.registerCustomGradient(IdentityN.OP_NAME, LsqQuantizer::gradient);
    } catch (UnsupportedOperationException e) {
      throw new UnsupportedOperationException(
          "Quantizer gradient: expected Linux or macOS, where TensorFlow Java can register"
              + " gradients, found "
              + System.getProperty("os.name")
              + "; train there, the exported model runs here too",
          e);
    }
    if (!registered) {
      throw new IllegalStateException(
          "Quantizer gradient: expected to be the only gradient registered for "
              + IdentityN.OP_NAME
              + " in this JVM, found another one; use the quantizer in a JVM of its own");
    }
  }

  private static List<Operand<?>> gradient(
      Ops tf, GraphOperation identity, List<Output<?>> outputGradients) {
    GraphOperation forward = forwardOf(identity);
    if (forward == null) {
      List<Operand<?>> ofLayer = QuantizedLinear.gradient(tf, identity, outputGradients);
      List<Operand<?>> other =
          ofLayer != null ? ofLayer : StraightThrough.gradient(identity, outputGradients);
      return other != null ? other : new ArrayList<>(outputGradients);
    }
    Operand<TFloat32> xHat = identity.<TFloat32>output(FORWARD_INDEX);
    Operand<TFloat32> x = identity.input(X_INDEX).expect(TFloat32.class);
    Operand<TFloat32> stepSize = identity.input(STEP_SIZE_INDEX).expect(TFloat32.class);
    Operand<TFloat32> gradientScale = identity.input(GRADIENT_SCALE_INDEX).expect(TFloat32.class);
    Operand<TFloat32> xHatGradient = outputGradients.get(FORWARD_INDEX).expect(TFloat32.class);

    long bits = forward.attributes().getAttrInt("num_bits");
    boolean narrow = forward.attributes().getAttrBool("narrow_range");
    QuantizationGrid grid =
        new QuantizationGrid((int) bits, narrow ? Levels.SYMMETRIC : Levels.FULL);
    FakeQuantWithMinMaxVarsGradient parts =
        tf.quantization.fakeQuantWithMinMaxVarsGradient(
            xHatGradient,
            x,
            forward.input(MIN_INDEX).expect(TFloat32.class),
            forward.input(MAX_INDEX).expect(TFloat32.class),
            FakeQuantWithMinMaxVarsGradient.numBits(bits),
            FakeQuantWithMinMaxVarsGradient.narrowRange(narrow));
    Operand<TFloat32> xGradient = parts.backpropsWrtInput();
    Operand<TFloat32> inside =
        tf.math.div(sumOfProducts(tf, xGradient, tf.math.sub(xHat, x)), stepSize);
    Operand<TFloat32> below = tf.math.mul(parts.backpropWrtMin(), tf.constant((float) grid.qMin()));
    Operand<TFloat32> above = tf.math.mul(parts.backpropWrtMax(), tf.constant((float) grid.qMax()));
    Operand<TFloat32> stepSizeGradient =
        tf.math.mul(gradientScale, tf.math.add(inside, tf.math.add(below, above)));
    // The forward input ends in a StopGradient and the scale is a constant: what they get is
    // unused.
    return List.of(xHatGradient, xGradient, stepSizeGradient, gradientScale);
  }

  /** The FakeQuant whose result this node passes on, or null if the node is not a quantizer's. */
  private static @Nullable GraphOperation forwardOf(GraphOperation identity) {
    if (identity.numInputs() != INPUT_COUNT) {
      return null;
    }
    GraphOperation stop = (GraphOperation) identity.input(FORWARD_INDEX).op();
    if (!stop.type().equals(StopGradient.OP_NAME)) {
      return null;
    }
    GraphOperation forward = (GraphOperation) stop.input(0).op();
    return forward.type().equals(FakeQuantWithMinMaxVars.OP_NAME) ? forward : null;
  }

  private static Operand<TFloat32> sumOfProducts(Ops tf, Operand<TFloat32> a, Operand<TFloat32> b) {
    Operand<TFloat32> products = tf.reshape(tf.math.mul(a, b), tf.array(-1));
    return tf.reduceSum(products, tf.constant(0));
  }
}
