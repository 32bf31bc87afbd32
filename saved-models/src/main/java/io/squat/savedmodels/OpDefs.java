package io.squat.savedmodels;

import java.util.HashMap;
import java.util.Map;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/** TensorFlow's own definitions of its ops. */
final class OpDefs {
  private static final int MAX_TENSORS = 1_000_000;
  private static final Map<String, OpDef> BY_NAME = new HashMap<>();

  static {
    TensorFlow.registeredOpList().getOpList().forEach(op -> BY_NAME.put(op.getName(), op));
  }

  private OpDefs() {}

  /**
   * The definition of an op.
   *
   * @throws IllegalArgumentException if TensorFlow has none
   */
  static OpDef of(String name) {
    OpDef op = BY_NAME.get(name);
    if (op == null) {
      throw new IllegalArgumentException(
          "expected an op or a function " + name + ", found neither in TensorFlow nor the graph");
    }
    return op;
  }

  /** How many tensors an argument of a node stands for. */
  static int size(NodeDef node, OpDef op, OpDef.ArgDef argument) {
    if (!argument.getNumberAttr().isEmpty()) {
      long size = value(node, op, argument.getNumberAttr()).getI();
      if (size < 0 || size > MAX_TENSORS) {
        throw new IllegalArgumentException(
            "node " + node.getName() + ": expected a number of tensors, found " + size);
      }
      return (int) size;
    }
    if (!argument.getTypeListAttr().isEmpty()) {
      return value(node, op, argument.getTypeListAttr()).getList().getTypeCount();
    }
    return 1;
  }

  /** An attribute of a node; one that is left out has its default. */
  private static AttrValue value(NodeDef node, OpDef op, String attribute) {
    AttrValue given = node.getAttrMap().get(attribute);
    return given != null
        ? given
        : op.getAttrList().stream()
            .filter(definition -> definition.getName().equals(attribute))
            .findFirst()
            .orElseThrow()
            .getDefaultValue();
  }
}
