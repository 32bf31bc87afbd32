package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Makes every input an int32 placeholder [B, T] of any B and T, with a Cast behind it where the
 * model computes in int64.
 *
 * <p>Invariant: the outputs' values stay the same for inputs of the shape that was declared before.
 */
final class CanonicalInputs implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    List<ModelInput> inputs = new ArrayList<>();
    for (ModelInput input : model.inputs()) {
      inputs.add(canonical(editor, input));
    }
    return new ModelGraph(
            model.graph(),
            model.variables(),
            inputs,
            model.outputs(),
            model.pooledOutput(),
            model.head(),
            model.quantizers())
        .with(editor);
  }

  private static ModelInput canonical(GraphEditor editor, ModelInput input) {
    NodeDef node = editor.node(input.tensor());
    if (!node.getOp().equals("Placeholder") && !node.getOp().equals("PlaceholderWithDefault")) {
      throw new IllegalArgumentException(
          "input "
              + input.key()
              + ": expected a Placeholder at "
              + input.tensor()
              + ", found "
              + node.getOp());
    }
    DataType type = node.getAttrOrThrow("dtype").getType();
    if (type != DataType.DT_INT32 && type != DataType.DT_INT64) {
      throw new IllegalArgumentException(
          "input " + input.key() + ": expected int32 or int64, found " + type);
    }
    boolean wide = type == DataType.DT_INT64;
    if (wide) {
      String cast = editor.freshName(node.getName() + "/int64");
      editor.redirect(node.getName(), cast, any -> true);
      editor.put(Nodes.cast(cast, node.getName(), DataType.DT_INT32, DataType.DT_INT64));
    }
    editor.put(Nodes.placeholder(node.getName(), DataType.DT_INT32, -1, -1));
    return new ModelInput(input.key(), node.getName(), input.role(), wide);
  }
}
