package io.squat.savedmodels;

import java.util.HashSet;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Refuses a graph that multiplies what comes from variables in another type than float32, as one
 * that was saved in mixed precision does: all that follows writes float32 nodes.
 */
final class FloatProducts {
  private static final Set<DataType> OTHER =
      Set.of(DataType.DT_HALF, DataType.DT_BFLOAT16, DataType.DT_DOUBLE);

  private FloatProducts() {}

  /**
   * Checks every product.
   *
   * @param model a graph that was read, its variables not yet listed
   * @throws IllegalArgumentException if one is not in float32; the message names it
   */
  static void check(ModelGraph model) {
    Set<String> trained = new HashSet<>();
    for (NodeDef node : model.graph().getNodeList()) { // each after its inputs
      boolean fromVariable =
          node.getInputList().stream().map(GraphEditor::producer).anyMatch(trained::contains);
      if (fromVariable || CanonicalVariables.KINDS.contains(node.getOp())) {
        trained.add(node.getName());
      }
      DataType type = node.getAttrOrDefault("T", AttrValue.getDefaultInstance()).getType();
      if (fromVariable && BertStructure.PRODUCTS.contains(node.getOp()) && OTHER.contains(type)) {
        throw new IllegalArgumentException(
            "node "
                + node.getName()
                + ": expected a product in float32, found "
                + node.getOp()
                + " in "
                + type.name().replaceFirst("^DT_", "")
                + "; save the model without mixed precision, in Keras under the policy float32");
      }
    }
  }
}
