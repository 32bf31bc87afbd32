package io.squat.ops;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint16;

/**
 * Dropout whose mask is a function of a seed alone, so that two passes over one batch can draw the
 * same mask.
 *
 * <pre>
 * r    = round(65536 * rate) / 65536
 * mask = 1 / (1 - r) with probability 1 - r, else 0
 * y    = x * mask                                   dy/dx = mask
 * </pre>
 *
 * <p>Source: Srivastava et al., "Dropout", JMLR 15 (2014), in the inverted form of BERT.
 *
 * <p>Drawing random numbers is nearly all of the cost, so every 32 random bits decide two elements.
 */
public final class StatelessDropout {
  private static final float LEVELS = 65536; // of an unsigned 16-bit integer

  private StatelessDropout() {}

  /**
   * Drops elements at random and scales the rest.
   *
   * @param tf where the operations are added
   * @param x float32 of any shape
   * @param rate float32 scalar, probability of dropping, at least 0 and below 0.9999; 0 gives x
   *     exactly
   * @param seed int32 [2]; equal seeds give equal masks, so every use in a graph needs its own, and
   *     every batch a new one
   * @return float32 of the shape of {@code x}
   */
  public static Operand<TFloat32> dropout(
      Ops tf, Operand<TFloat32> x, Operand<TFloat32> rate, Operand<TInt32> seed) {
    Operand<TFloat32> threshold = tf.math.rint(tf.math.mul(rate, tf.constant(LEVELS)));
    Operand<TFloat32> scale =
        tf.math.div(tf.constant(LEVELS), tf.math.sub(tf.constant(LEVELS), threshold));
    Operand<TInt32> count = tf.reshape(tf.size(x), tf.array(1));
    Operand<TFloat32> keep =
        tf.dtypes.cast(
            tf.math.greaterEqual(
                randomIntegers(tf, count, seed), tf.dtypes.cast(threshold, TUint16.class)),
            TFloat32.class);
    // An odd count leaves one element over. The slice is of float32, for which GPUs have a kernel,
    // and shares its input's buffer.
    Operand<TFloat32> mask = tf.slice(tf.math.mul(keep, scale), tf.array(0), count);
    // The backward pass multiplies by the mask, which carries no gradient of its own.
    return tf.math.mul(x, tf.stopGradient(tf.reshape(mask, tf.shape(x))));
  }

  /** At least {@code count} uniform unsigned 16-bit integers, two to a random word. */
  private static Operand<TUint16> randomIntegers(
      Ops tf, Operand<TInt32> count, Operand<TInt32> seed) {
    Operand<TInt32> words = tf.math.floorDiv(tf.math.add(count, tf.constant(1)), tf.constant(2));
    Operand<TInt32> random = tf.random.statelessRandomUniformFullInt(words, seed, TInt32.class);
    // [words, 2] to [2 words]
    return tf.reshape(tf.bitcast(random, TUint16.class), tf.array(-1));
  }
}
