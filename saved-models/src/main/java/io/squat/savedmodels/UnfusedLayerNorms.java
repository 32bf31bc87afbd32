package io.squat.savedmodels;

import java.util.Optional;
import java.util.Set;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Writes the shift of a layer norm so that TensorFlow does not fuse it.
 *
 * <pre>
 * a + (beta - m)   becomes   a - (m - beta)
 * </pre>
 *
 * <p>Invariant: the outputs stay the same to the last bit, since negation is exact. Where oneDNN is
 * on, TensorFlow 2.18 puts an operation of its own in the place of a layer norm whose scale and
 * shift are constants, with an epsilon of 0.001 whatever the model's is; with BERT's 1e-12 the
 * outputs are then wrong by a tenth and more.
 */
final class UnfusedLayerNorms implements RewritePass {
  private static final Set<String> ADDITIONS = Set.of("Add", "AddV2");

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (ModelVariable variable : model.variables()) {
      if (variable.shape().size() == 1) {
        for (GraphEditor.Use use : editor.uses(variable.read())) {
          negate(editor, editor.node(use.node()), use.index());
        }
      }
    }
    return model.with(editor);
  }

  private static void negate(GraphEditor editor, NodeDef shift, int index) {
    Optional<NodeDef> sum = editor.onlyConsumer(shift.getName());
    if (!shift.getOp().equals("Sub")
        || index != 0
        || sum.isEmpty()
        || !ADDITIONS.contains(sum.get().getOp())) {
      return;
    }
    NodeDef addition = sum.get();
    int other = GraphEditor.input(addition, 0).equals(shift.getName()) ? 1 : 0;
    editor.put(subtraction(shift.getName(), shift.getInput(1), shift.getInput(0)));
    editor.put(subtraction(addition.getName(), addition.getInput(other), shift.getName()));
  }

  private static NodeDef subtraction(String name, String from, String what) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Sub")
        .addInput(from)
        .addInput(what)
        .putAttr("T", Nodes.type(DataType.DT_FLOAT))
        .build();
  }
}
