package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Makes every variable, reference or resource, a VariableV2 with one read, and every lookup in one
 * a GatherV2 or GatherNd of the read, so that tables have a gradient.
 *
 * <p>Invariant: the outputs' values stay the same for the same values of the variables; afterwards
 * the graph holds no VarHandleOp, ReadVariableOp, ResourceGather, ResourceGatherNd, VariableShape,
 * Gather, and the model lists its variables. A graph that asks whether a variable has a value is
 * refused.
 */
final class CanonicalVariables implements RewritePass {
  /** The ops that make a variable. */
  static final Set<String> KINDS = Set.of("VarHandleOp", "VariableV2", "Variable");

  private final Map<String, String> keys;

  /**
   * Makes the pass.
   *
   * @param keys the keys of the checkpoint by variable, for those that are not their names
   */
  CanonicalVariables(Map<String, String> keys) {
    this.keys = Map.copyOf(keys);
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Map<String, ModelVariable> variables = new LinkedHashMap<>();
    for (NodeDef node : editor.nodes()) {
      if (KINDS.contains(node.getOp())) {
        variables.put(node.getName(), variable(node));
      }
    }
    for (ModelVariable variable : variables.values()) {
      canonical(editor, variable);
    }
    return model.with(editor, new ArrayList<>(variables.values()));
  }

  private ModelVariable variable(NodeDef node) {
    DataType type = node.getAttrOrThrow("dtype").getType();
    if (type != DataType.DT_FLOAT) {
      throw new IllegalArgumentException(
          "variable "
              + node.getName()
              + ": expected float32 values, found "
              + type
              + "; the model cannot be trained");
    }
    List<Long> shape =
        node.getAttrOrThrow("shape").getShape().getDimList().stream()
            .map(TensorShapeProto.Dim::getSize)
            .toList();
    String name = node.getName();
    return new ModelVariable(
        name, new StoredTensor(key(node), shape), shape, VariableGroup.WEIGHTS);
  }

  private String key(NodeDef node) {
    String key = keys.get(node.getName());
    if (key != null) {
      return key;
    }
    String shared =
        node.getAttrOrDefault("shared_name", AttrValue.getDefaultInstance()).getS().toStringUtf8();
    return node.getOp().equals("VarHandleOp") && !shared.isEmpty() ? shared : node.getName();
  }

  private static void canonical(GraphEditor editor, ModelVariable variable) {
    String name = variable.name();
    List<GraphEditor.Use> uses = editor.uses(name);
    editor.put(Nodes.variable(name, DataType.DT_FLOAT, variable.shape()));
    NodeDef former = editor.find(variable.read());
    if (former != null && !GraphEditor.input(former, 0).equals(name)) {
      throw new IllegalArgumentException(
          "node "
              + variable.read()
              + ": expected the read of variable "
              + name
              + ", found another");
    }
    editor.put(Nodes.identity(variable.read(), name, DataType.DT_FLOAT));
    for (GraphEditor.Use use : uses) {
      if (!use.node().equals(variable.read())) {
        reread(editor, variable, use);
      }
    }
  }

  /** Lets a use of the variable itself become a use of its value. */
  private static void reread(GraphEditor editor, ModelVariable variable, GraphEditor.Use use) {
    NodeDef user = editor.node(use.node());
    switch (user.getOp()) {
      case "ReadVariableOp", "Identity" -> {
        editor.redirect(user.getName(), variable.read(), any -> true);
        editor.remove(user.getName());
      }
      case "ResourceGather", "Gather" -> gather(editor, variable, user);
      case "ResourceGatherNd" ->
          editor.put(
              ofValue(user, "GatherNd", variable)
                  .addInput(user.getInput(1))
                  .putAttr("Tparams", Nodes.type(DataType.DT_FLOAT))
                  .putAttr("Tindices", user.getAttrOrThrow("Tindices"))
                  .build());
      case "VariableShape" ->
          editor.put(
              ofValue(user, "Shape", variable)
                  .putAttr("T", Nodes.type(DataType.DT_FLOAT))
                  .putAttr("out_type", user.getAttrOrThrow("out_type"))
                  .build());
      case "VarIsInitializedOp", "IsVariableInitialized" ->
          throw new IllegalArgumentException(
              "node "
                  + user.getName()
                  + ": expected operations that read the values of variable "
                  + variable.name()
                  + ", found "
                  + user.getOp()
                  + "; save the model for inference (training=False)");
      default -> editor.setInput(use, variable.read());
    }
  }

  /** An operation in the place of one on a variable, that has the variable's value first. */
  private static NodeDef.Builder ofValue(NodeDef user, String op, ModelVariable variable) {
    return NodeDef.newBuilder().setName(user.getName()).setOp(op).addInput(variable.read());
  }

  private static void gather(GraphEditor editor, ModelVariable variable, NodeDef user) {
    String axis = editor.freshName(user.getName() + "/axis");
    editor.put(Nodes.scalar(axis, 0));
    AttrValue batchDims = user.getAttrMap().get("batch_dims");
    if (batchDims != null && batchDims.getI() != 0) {
      throw new IllegalArgumentException(
          "node " + user.getName() + ": expected a lookup of rows, found batch_dims " + batchDims);
    }
    editor.put(
        NodeDef.newBuilder()
            .setName(user.getName())
            .setOp("GatherV2")
            .addInput(variable.read())
            .addInput(user.getInput(1))
            .addInput(axis)
            .putAttr("Tparams", Nodes.type(DataType.DT_FLOAT))
            .putAttr("Tindices", user.getAttrOrThrow("Tindices"))
            .putAttr("Taxis", Nodes.type(DataType.DT_INT32))
            .putAttr("batch_dims", AttrValue.newBuilder().setI(0).build())
            .build());
  }
}
