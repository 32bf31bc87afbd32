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
import org.tensorflow.op.math.Mul;
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
 * <p>With a step for each column of a kernel, every column follows these rules by itself: the sum
 * of d x_hat/ds is over its rows.
 *
 * <p>The forward pass is {@link FakeQuant}. The backward pass is one gradient function registered
 * for IdentityN in the manner of {@code tf.custom_gradient}: {@code x_hat =
 * IdentityN(StopGradient(FakeQuant(x, s)), x, s, g)}. The same function knows the forms that {@link
 * QuantizedLinear} and {@link StraightThrough} build, an IdentityN of four or of two inputs whose
 * first is a StopGradient; any other IdentityN passes its gradients through, as TensorFlow's own
 * gradient of it does. It is registered for the whole JVM: a program that builds such IdentityN
 * itself needs a JVM of its own.
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
   * @param x float32 of any shape; [in, out] if there is one step a column
   * @param stepSize float32 scalar, or [out]; positive (see {@link #clampPositive})
   * @param grid the integers that the result may hold, in units of the step
   * @param gradientScale factor of the step's gradient, see {@link #gradientScale}
   * @return float32 of the shape of {@code x}, integers of the grid times {@link FakeQuant#scale},
   *     which is the step but for its last bit
   * @throws IllegalArgumentException if the step size's rank is not known, or another one
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
    Operand<TFloat32> forward = FakeQuant.quantize(tf, x, stepSize, grid);
    IdentityN identity =
        tf.identityN(List.of(tf.stopGradient(forward), x, stepSize, tf.constant(gradientScale)));
    return identity.output().get(FORWARD_INDEX).expect(TFloat32.class);
  }

  /**
   * The factor g of a step size's gradient, which keeps the step's relative change as small as the
   * weights'.
   *
   * @param n number of weights that share the step; for activations the number of features of a row
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
    Quantized quantized =
        new Quantized(
            identity.<TFloat32>output(FORWARD_INDEX),
            identity.input(X_INDEX).expect(TFloat32.class),
            identity.input(STEP_SIZE_INDEX).expect(TFloat32.class),
            outputGradients.get(FORWARD_INDEX).expect(TFloat32.class));
    Operand<TFloat32> gradientScale = identity.input(GRADIENT_SCALE_INDEX).expect(TFloat32.class);
    Gradients gradients =
        isRounding(forward)
            ? ofTensor(tf, quantized, forward)
            : ofColumns(tf, quantized, grid(producer(forward)));
    // The forward input ends in a StopGradient and the scale is a constant: what they get is
    // unused.
    return List.of(
        quantized.xHatGradient(),
        gradients.x(),
        tf.math.mul(gradientScale, gradients.stepSize()),
        gradientScale);
  }

  /** A quantizer on the way back. */
  private record Quantized(
      Operand<TFloat32> xHat,
      Operand<TFloat32> x,
      Operand<TFloat32> stepSize,
      Operand<TFloat32> xHatGradient) {}

  /** What a quantizer passes back; the step size's gradient without its factor g. */
  private record Gradients(Operand<TFloat32> x, Operand<TFloat32> stepSize) {}

  private static Gradients ofTensor(Ops tf, Quantized quantized, GraphOperation rounding) {
    QuantizationGrid grid = grid(rounding);
    FakeQuantWithMinMaxVarsGradient parts =
        tf.quantization.fakeQuantWithMinMaxVarsGradient(
            quantized.xHatGradient(),
            quantized.x(),
            rounding.input(MIN_INDEX).expect(TFloat32.class),
            rounding.input(MAX_INDEX).expect(TFloat32.class),
            FakeQuantWithMinMaxVarsGradient.numBits((long) grid.bits()),
            FakeQuantWithMinMaxVarsGradient.narrowRange(grid.levels() == Levels.SYMMETRIC));
    Operand<TFloat32> xGradient = parts.backpropsWrtInput();
    Operand<TFloat32> inside =
        tf.math.div(
            sumOfProducts(tf, xGradient, tf.math.sub(quantized.xHat(), quantized.x())),
            quantized.stepSize());
    Operand<TFloat32> below = tf.math.mul(parts.backpropWrtMin(), tf.constant((float) grid.qMin()));
    Operand<TFloat32> above = tf.math.mul(parts.backpropWrtMax(), tf.constant((float) grid.qMax()));
    return new Gradients(xGradient, tf.math.add(inside, tf.math.add(below, above)));
  }

  /**
   * One step a column. What is inside is found from x and whole steps, as the operation for tensors
   * does it: x / s would have to be kept from the forward pass, as large as the weights.
   */
  private static Gradients ofColumns(Ops tf, Quantized quantized, QuantizationGrid grid) {
    Operand<TFloat32> x = quantized.x();
    Operand<TFloat32> min = tf.math.mul(quantized.stepSize(), tf.constant((float) grid.qMin()));
    Operand<TFloat32> max = tf.math.mul(quantized.stepSize(), tf.constant((float) grid.qMax()));
    Operand<TFloat32> inside =
        tf.dtypes.cast(
            tf.math.logicalAnd(tf.math.greaterEqual(x, min), tf.math.lessEqual(x, max)),
            TFloat32.class);
    // x_hat - x inside; outside x_hat, which is qMin or qMax steps.
    Operand<TFloat32> steps = tf.math.sub(quantized.xHat(), tf.math.mul(inside, x));
    Operand<TFloat32> sums =
        tf.reduceSum(tf.math.mul(quantized.xHatGradient(), steps), tf.constant(0));
    return new Gradients(
        tf.math.mul(quantized.xHatGradient(), inside), tf.math.div(sums, quantized.stepSize()));
  }

  private static QuantizationGrid grid(GraphOperation rounding) {
    long bits = rounding.attributes().getAttrInt("num_bits");
    boolean narrow = rounding.attributes().getAttrBool("narrow_range");
    return new QuantizationGrid((int) bits, narrow ? Levels.SYMMETRIC : Levels.FULL);
  }

  /**
   * What made the result that this node passes on, a rounding or the product of one with the step
   * sizes of columns; or null if the node is not a quantizer's.
   */
  private static @Nullable GraphOperation forwardOf(GraphOperation identity) {
    if (identity.numInputs() != INPUT_COUNT) {
      return null;
    }
    GraphOperation stop = producer(identity);
    if (!stop.type().equals(StopGradient.OP_NAME)) {
      return null;
    }
    GraphOperation forward = producer(stop);
    boolean quantizer =
        isRounding(forward)
            || (forward.type().equals(Mul.OP_NAME) && isRounding(producer(forward)));
    return quantizer ? forward : null;
  }

  private static boolean isRounding(GraphOperation operation) {
    return operation.type().equals(FakeQuantWithMinMaxVars.OP_NAME);
  }

  /** The operation of the first input. */
  private static GraphOperation producer(GraphOperation operation) {
    return (GraphOperation) operation.input(0).op();
  }

  private static Operand<TFloat32> sumOfProducts(Ops tf, Operand<TFloat32> a, Operand<TFloat32> b) {
    Operand<TFloat32> products = tf.reshape(tf.math.mul(a, b), tf.array(-1));
    return tf.reduceSum(products, tf.constant(0));
  }
}
