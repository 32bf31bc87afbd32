package io.squat.ops;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The ascent of sharpness-aware minimization, and the norms it shares with gradient clipping.
 *
 * <pre>
 * e = rho * G / (||G||_2 + 1e-12)      one norm over all tensors of G
 * </pre>
 *
 * <p>Source: Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization",
 * ICLR 2021 (arXiv 2010.01412), equation 2 with p = 2. The norm is a sum of one L2Loss a tensor, so
 * its order is fixed.
 */
public final class Sam {
  private static final float NORM_EPSILON = 1e-12f;

  private Sam() {}

  /**
   * The perturbation that raises the loss most, to first order, within a ball.
   *
   * @param tf where the operations are added
   * @param gradients G, float32 tensors of any shapes, at least one
   * @param rho float32 scalar, radius of the ball; 0 gives zeros exactly
   * @return float32 tensors of the shapes of the gradients, in their order
   * @throws IllegalArgumentException if there are no gradients
   */
  public static List<Operand<TFloat32>> perturbation(
      Ops tf, List<? extends Operand<TFloat32>> gradients, Operand<TFloat32> rho) {
    Operand<TFloat32> norm = globalNorm(tf, gradients);
    Operand<TFloat32> scale = tf.math.div(rho, tf.math.add(norm, tf.constant(NORM_EPSILON)));
    return scaled(tf, gradients, scale);
  }

  /**
   * The L2 norm of all tensors taken as one vector.
   *
   * @param tf where the operations are added
   * @param gradients float32 tensors of any shapes, at least one
   * @return float32 scalar
   * @throws IllegalArgumentException if there are no gradients
   */
  public static Operand<TFloat32> globalNorm(Ops tf, List<? extends Operand<TFloat32>> gradients) {
    if (gradients.isEmpty()) {
      throw new IllegalArgumentException("Global norm: expected at least one tensor, found none");
    }
    List<Operand<TFloat32>> halfSquares = new ArrayList<>();
    for (Operand<TFloat32> gradient : gradients) {
      halfSquares.add(tf.nn.l2Loss(gradient));
    }
    return tf.math.sqrt(tf.math.mul(tf.constant(2f), tf.math.addN(halfSquares)));
  }

  /**
   * Gradients shortened to a largest norm: times {@code min(1, clip / norm)}.
   *
   * @param tf where the operations are added
   * @param gradients float32 tensors of any shapes
   * @param norm float32 scalar, their {@link #globalNorm}
   * @param clip the largest norm, positive
   * @return float32 tensors of the shapes of the gradients, in their order
   * @throws IllegalArgumentException if {@code clip} is not positive
   */
  public static List<Operand<TFloat32>> clipByGlobalNorm(
      Ops tf, List<? extends Operand<TFloat32>> gradients, Operand<TFloat32> norm, float clip) {
    if (!(clip > 0)) {
      throw new IllegalArgumentException(
          "Gradient clipping: expected a positive norm, found " + clip);
    }
    Operand<TFloat32> factor =
        tf.math.minimum(tf.constant(1f), tf.math.div(tf.constant(clip), norm));
    return scaled(tf, gradients, factor);
  }

  private static List<Operand<TFloat32>> scaled(
      Ops tf, List<? extends Operand<TFloat32>> tensors, Operand<TFloat32> factor) {
    List<Operand<TFloat32>> products = new ArrayList<>();
    for (Operand<TFloat32> tensor : tensors) {
      products.add(tf.math.mul(tensor, factor));
    }
    return products;
  }
}
