package io.squat.savedmodels;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.proto.NodeDef;

/**
 * Makes every linear layer one MatMul of a rank-2 input with the kernel's read, and, if it has a
 * bias, one BiasAdd with the bias's read.
 *
 * <p>Invariant: the outputs' values stay the same; a trained vector that is added to such a product
 * is added by a BiasAdd.
 */
final class CanonicalLinear implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Map<String, ModelVariable> reads = new HashMap<>();
    model.variables().forEach(variable -> reads.put(variable.read(), variable));
    for (NodeDef node : editor.nodes()) {
      if (node.getOp().equals("MatMul") && reads.containsKey(GraphEditor.input(node, 1))) {
        biasAdd(editor, reads, node);
      }
    }
    return model.with(editor);
  }

  private static void biasAdd(
      GraphEditor editor, Map<String, ModelVariable> reads, NodeDef product) {
    Optional<NodeDef> next = editor.onlyConsumer(product.getName());
    if (next.isEmpty()
        || !next.get().getOp().startsWith("Add")
        || next.get().getInputCount() != 2) {
      return;
    }
    NodeDef addition = next.get();
    String other =
        GraphEditor.input(
            addition, GraphEditor.input(addition, 0).equals(product.getName()) ? 1 : 0);
    ModelVariable bias = reads.get(other);
    if (bias != null && bias.shape().size() == 1) {
      editor.put(Nodes.biasAdd(addition.getName(), product.getName(), other));
    }
  }
}
