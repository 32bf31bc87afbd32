package io.squat.ops;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.IdentityN;
import org.tensorflow.op.core.StopGradient;
import org.tensorflow.types.TFloat32;

/** One tensor's value with another one's gradient, as {@code tf.custom_gradient} writes it. */
public final class StraightThrough {
  private static final int INPUT_COUNT = 2;

  private StraightThrough() {}

  /**
   * The value of one tensor, whose gradient goes to another.
   *
   * @param tf where the operations are added; a graph, as gradients are registered for graphs only
   * @param value float32 of any shape; no gradient goes here
   * @param path float32 of the same shape
   * @return the value
   */
  public static Operand<TFloat32> of(Ops tf, Operand<TFloat32> value, Operand<TFloat32> path) {
    LsqQuantizer.register();
    IdentityN identity = tf.identityN(List.of(tf.stopGradient(value), path));
    return identity.output().get(0).expect(TFloat32.class);
  }

  /** The gradients of our IdentityN's inputs, or null if the node is not of this form. */
  static @Nullable List<Operand<?>> gradient(
      GraphOperation identity, List<Output<?>> outputGradients) {
    if (identity.numInputs() != INPUT_COUNT
        || !identity.input(0).op().type().equals(StopGradient.OP_NAME)) {
      return null;
    }
    // The first input ends in a StopGradient: what it gets is unused.
    return List.of(outputGradients.get(0), outputGradients.get(0));
  }
}
