package io.squat.savedmodels;

import java.util.List;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Turns every IdentityN into Identities.
 *
 * <p>Invariant: the outputs' values stay the same. The gradient that the quantizer registers is one
 * for IdentityN in the whole process, so that no other IdentityN may stay.
 */
final class PlainIdentities implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (NodeDef node : editor.nodes()) {
      if (node.getOp().equals("IdentityN")) {
        split(editor, editor.node(node.getName()));
      }
    }
    return model.with(editor);
  }

  private static void split(GraphEditor editor, NodeDef node) {
    List<DataType> types = node.getAttrOrThrow("T").getList().getTypeList();
    for (int i = types.size() - 1; i > 0; i--) {
      String name = editor.freshName(node.getName() + "_output_" + i);
      editor.put(Nodes.identity(name, node.getInput(i), types.get(i)));
      editor.redirect(node.getName() + ":" + i, name, any -> true);
    }
    editor.put(Nodes.identity(node.getName(), node.getInput(0), types.get(0)));
  }
}
