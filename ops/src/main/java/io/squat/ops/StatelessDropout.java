package io.squat.ops;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Dropout whose mask is a function of a seed alone, so that two passes over one batch can draw the
 * same mask.
 *
 * <pre>
 * y = x * mask / (1 - rate)      mask = 1 with probability 1 - rate, else 0
 * </pre>
 *
 * <p>Source: Srivastava et al., "Dropout", JMLR 15 (2014), in the inverted form of BERT.
 */
public final class StatelessDropout {
  private StatelessDropout() {}

  /**
   * Drops elements at random and scales the rest.
   *
   * @param tf where the operations are added
   * @param x float32 of any shape
   * @param rate float32 scalar, probability of dropping, at least 0 and below 1; 0 gives x exactly
   * @param seed int32 [2]; equal seeds give equal masks, so every use in a graph needs its own, and
   *     every batch a new one
   * @return float32 of the shape of {@code x}
   */
  public static Operand<TFloat32> dropout(
      Ops tf, Operand<TFloat32> x, Operand<TFloat32> rate, Operand<TInt32> seed) {
    Operand<TFloat32> uniform = tf.random.statelessRandomUniform(tf.shape(x), seed);
    Operand<TFloat32> mask = tf.dtypes.cast(tf.math.greaterEqual(uniform, rate), TFloat32.class);
    Operand<TFloat32> scale = tf.math.div(tf.constant(1f), tf.math.sub(tf.constant(1f), rate));
    // The scaled mask is what the backward pass multiplies by; it carries no gradient of its own.
    return tf.math.mul(x, tf.stopGradient(tf.math.mul(mask, scale)));
  }
}
