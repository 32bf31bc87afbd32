package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * A model whose inputs can be fed as int32 or as int64, and whose segments need not be fed.
 *
 * <pre>
 * ids       int32   fed, or ids_int64 narrowed
 * segments  int32   fed, or segments_int64 narrowed, which is fed, or zeros of the shape of ids
 * </pre>
 *
 * <p>Invariant: the outputs are the same for the same numbers. So signatures with different inputs
 * share all their nodes. A number that int32 does not hold becomes -1 or the largest int32, which
 * no table has a row for, so that it is refused like any other id out of range.
 *
 * @param model the model with placeholders that have a default
 * @param wide the model's inputs as int64
 */
record ServingInputs(ModelGraph model, List<ModelInput> wide) {
  private static final String WIDE = "_int64";

  /** Copies the list. */
  ServingInputs {
    wide = List.copyOf(wide);
  }

  /** Gives the inputs of a canonical model their defaults. */
  static ServingInputs of(ModelGraph model) {
    GraphEditor editor = model.edit();
    List<ModelInput> wide = new ArrayList<>();
    for (ModelInput input : model.inputs()) {
      String tensor = editor.freshName(input.tensor() + WIDE);
      if (input.role() == InputRole.SEGMENTS) {
        String ids = model.input(InputRole.IDS).orElseThrow().tensor();
        editor.put(placeholder(tensor, zeros(editor, input, ids), DataType.DT_INT64));
      } else {
        editor.put(Nodes.placeholder(tensor, DataType.DT_INT64, -1, -1));
      }
      editor.put(placeholder(input.tensor(), narrow(editor, tensor), DataType.DT_INT32));
      wide.add(new ModelInput(input.key(), tensor, input.role(), true));
    }
    return new ServingInputs(model.with(editor), wide);
  }

  private static NodeDef placeholder(String name, String otherwise, DataType type) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("PlaceholderWithDefault")
        .addInput(otherwise)
        .putAttr("dtype", Nodes.type(type))
        .putAttr("shape", Nodes.shape(-1, -1))
        .build();
  }

  private static String zeros(GraphEditor editor, ModelInput segments, String ids) {
    return Fragment.add(
            editor,
            segments.tensor() + "/zeros",
            List.of(new Fragment.Input(ids, DataType.DT_INT32, Shape.of(-1, -1))),
            (tf, in) ->
                List.of(
                    tf.dtypes.cast(
                        tf.zerosLike(in.get(0).asOutput().expect(TInt32.class)), TInt64.class)))
        .get(0);
  }

  private static String narrow(GraphEditor editor, String wide) {
    return Fragment.add(
            editor,
            wide + "/int32",
            List.of(new Fragment.Input(wide, DataType.DT_INT64, Shape.of(-1, -1))),
            (tf, in) -> List.of(narrow(tf, in.get(0).asOutput().expect(TInt64.class))))
        .get(0);
  }

  private static Operand<TInt32> narrow(Ops tf, Operand<TInt64> wide) {
    Operand<TInt64> clipped =
        tf.math.minimum(
            tf.math.maximum(wide, tf.constant(-1L)), tf.constant((long) Integer.MAX_VALUE));
    return tf.dtypes.cast(clipped, TInt32.class);
  }
}
