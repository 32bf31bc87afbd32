package io.squat.savedmodels;

import java.util.List;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Makes int32 inputs int64, for clients that send that.
 *
 * <p>Invariant: the outputs stay the same for the same numbers. A number that int32 does not hold
 * becomes -1 or the largest int32, which no table has a row for, so that it is refused like any
 * other id out of range.
 */
final class WideInputs implements RewritePass {
  private final Predicate<ModelInput> which;

  WideInputs(Predicate<ModelInput> which) {
    this.which = which;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (ModelInput input : model.inputs()) {
      if (which.test(input)) {
        List<GraphEditor.Use> uses = editor.uses(input.tensor());
        editor.put(Nodes.placeholder(input.tensor(), DataType.DT_INT64, -1, -1));
        String narrow =
            Fragment.add(
                    editor,
                    input.tensor() + "/int32",
                    List.of(new Fragment.Input<>(input.tensor(), TInt64.class, Shape.of(-1, -1))),
                    (tf, in) -> List.of(narrow(tf, in.get(0).asOutput().expect(TInt64.class))))
                .get(0);
        uses.forEach(use -> editor.setInput(use, narrow));
      }
    }
    return model.with(editor);
  }

  private static Operand<TInt32> narrow(Ops tf, Operand<TInt64> wide) {
    Operand<TInt64> clipped =
        tf.math.minimum(
            tf.math.maximum(wide, tf.constant(-1L)), tf.constant((long) Integer.MAX_VALUE));
    return tf.dtypes.cast(clipped, TInt32.class);
  }
}
