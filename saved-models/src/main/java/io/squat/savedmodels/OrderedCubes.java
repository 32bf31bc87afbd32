package io.squat.savedmodels;

import java.util.Optional;
import org.tensorflow.proto.NodeDef;

/**
 * Writes the cube in a GELU by tanh so that there is one way to compute it.
 *
 * <pre>
 * c * Pow(x, 3)   becomes   (c * x) * Square(x)
 * Pow(x, 3)       becomes   Square(x) * x
 * </pre>
 *
 * <p>Invariant: outputs stay the same but for the last bit. TensorFlow itself replaces the power by
 * products and then moves the factor to whichever of them comes first by name: the training graph
 * and the packed one would differ in the last bit, and then in the integers of the next layer's
 * input.
 */
final class OrderedCubes implements RewritePass {
  private static final float CUBE = 3;

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (NodeDef node : model.graph().getNodeList()) {
      if (node.getOp().equals("Pow")
          && Nodes.scalarValue(editor.node(node.getInput(1)))
              .filter(power -> power == CUBE)
              .isPresent()) {
        replace(editor, node);
      }
    }
    return model.with(editor);
  }

  private static void replace(GraphEditor editor, NodeDef pow) {
    String x = pow.getInput(0);
    String square = editor.freshName(pow.getName() + "/square");
    editor.put(Nodes.square(square, x));
    Optional<NodeDef> product =
        editor.onlyConsumer(pow.getName()).filter(node -> node.getOp().equals("Mul"));
    Optional<String> factor =
        product.flatMap(
            node ->
                node.getInputList().stream()
                    .filter(input -> Nodes.scalarValue(editor.node(input)).isPresent())
                    .findFirst());
    if (product.isPresent() && factor.isPresent()) {
      editor.put(Nodes.mul(pow.getName(), factor.get(), x));
      editor.put(Nodes.mul(product.get().getName(), pow.getName(), square));
    } else {
      editor.put(Nodes.mul(pow.getName(), square, x));
    }
  }
}
