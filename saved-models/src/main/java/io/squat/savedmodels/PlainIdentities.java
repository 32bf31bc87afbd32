package io.squat.savedmodels;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Turns every IdentityN into Identities, and takes out every Identity that stands between two nodes
 * and waits for nothing.
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
    Set<String> kept = new HashSet<>(model.outputs().values());
    for (NodeDef node : editor.nodes()) {
      if (node.getOp().equals("Identity")
          && node.getInputCount() == 1
          && !kept.contains(node.getName())
          && !isVariable(editor, input(editor, node))) {
        editor.redirect(node.getName(), input(editor, node), any -> true);
      }
    }
    return model.with(editor);
  }

  /** The input that a node has by now: another Identity in front of it may be gone. */
  private static String input(GraphEditor editor, NodeDef node) {
    return editor.node(node.getName()).getInput(0);
  }

  /** A read, which is an Identity in TF1. */
  private static boolean isVariable(GraphEditor editor, String tensor) {
    return CanonicalVariables.KINDS.contains(editor.node(tensor).getOp());
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
