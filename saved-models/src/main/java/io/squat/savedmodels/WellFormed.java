package io.squat.savedmodels;

import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Checks the nodes of a flat graph against TensorFlow's definitions of their ops: attributes of the
 * right kind, inputs that are there, in the right number and of the right type, and constants that
 * hold what they say.
 *
 * <p>Passes and TensorFlow itself rely on all of it; TensorFlow ends the whole process on some of
 * what is refused here.
 */
final class WellFormed {
  private static final int REF = 100; // DT_FLOAT_REF is DT_FLOAT + 100
  private static final long MAX_ELEMENTS = Integer.MAX_VALUE;

  /** The bytes of an element, of the types that are read. */
  private static final ImmutableMap<DataType, Integer> BYTES =
      ImmutableMap.<DataType, Integer>builder()
          .put(DataType.DT_FLOAT, Float.BYTES)
          .put(DataType.DT_INT32, Integer.BYTES)
          .put(DataType.DT_INT64, Long.BYTES)
          .put(DataType.DT_BOOL, 1)
          .put(DataType.DT_INT8, 1)
          .put(DataType.DT_UINT8, 1)
          .buildOrThrow();

  private final Map<String, NodeDef> nodes = new HashMap<>();
  private final Map<String, List<DataType>> outputs = new HashMap<>();

  private WellFormed(GraphDef graph) {
    graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
  }

  /**
   * Checks.
   *
   * @param graph nodes without functions
   * @throws IllegalArgumentException if a node is not well-formed; the message names it
   */
  static void check(GraphDef graph) {
    WellFormed check = new WellFormed(graph);
    for (NodeDef node : graph.getNodeList()) {
      OpDef op = OpDefs.of(node.getOp());
      check.attributes(node, op);
      check.outputs.put(node.getName(), check.types(node, op, op.getOutputArgList()));
      if (node.getOp().equals("Const")) {
        constant(node);
      }
    }
    for (NodeDef node : graph.getNodeList()) {
      check.inputs(node, OpDefs.of(node.getOp()));
    }
  }

  private void attributes(NodeDef node, OpDef op) {
    for (OpDef.AttrDef definition : op.getAttrList()) {
      AttrValue value = node.getAttrMap().get(definition.getName());
      if (value == null) {
        throw broken(node, "an attribute " + definition.getName(), "none");
      }
      AttrValue.ValueCase wanted = kind(definition.getType());
      if (value.getValueCase() != wanted) {
        throw broken(
            node,
            "an attribute " + definition.getName() + " of type " + definition.getType(),
            String.valueOf(value.getValueCase()));
      }
      if (definition.hasAllowedValues()) {
        allowed(node, definition, value);
      }
      boolean tooSmall =
          definition.getHasMinimum()
              && wanted == AttrValue.ValueCase.I
              && value.getI() < definition.getMinimum();
      if (tooSmall) {
        throw broken(
            node,
            "an attribute " + definition.getName() + " of at least " + definition.getMinimum(),
            String.valueOf(value.getI()));
      }
    }
  }

  private static void allowed(NodeDef node, OpDef.AttrDef definition, AttrValue value) {
    AttrValue.ListValue allowed = definition.getAllowedValues().getList();
    boolean fine =
        switch (value.getValueCase()) {
          case TYPE -> allowed.getTypeList().contains(value.getType());
          case S -> allowed.getSList().contains(value.getS());
          case LIST -> allowed.getTypeList().containsAll(value.getList().getTypeList());
          default -> true;
        };
    if (!fine) {
      throw broken(
          node,
          "one of the values that " + node.getOp() + " knows for " + definition.getName(),
          value.getValueCase() == AttrValue.ValueCase.TYPE
              ? value.getType().name()
              : "another value");
    }
  }

  private static AttrValue.ValueCase kind(String type) {
    return switch (type) {
      case "type" -> AttrValue.ValueCase.TYPE;
      case "int" -> AttrValue.ValueCase.I;
      case "float" -> AttrValue.ValueCase.F;
      case "bool" -> AttrValue.ValueCase.B;
      case "string" -> AttrValue.ValueCase.S;
      case "shape" -> AttrValue.ValueCase.SHAPE;
      case "tensor" -> AttrValue.ValueCase.TENSOR;
      case "func" -> AttrValue.ValueCase.FUNC;
      default -> AttrValue.ValueCase.LIST;
    };
  }

  /** The types of all tensors that arguments stand for. */
  private List<DataType> types(NodeDef node, OpDef op, List<OpDef.ArgDef> arguments) {
    List<DataType> types = new ArrayList<>();
    for (OpDef.ArgDef argument : arguments) {
      int size = OpDefs.size(node, op, argument);
      for (int i = 0; i < size; i++) {
        if (!argument.getTypeListAttr().isEmpty()) {
          types.add(node.getAttrOrThrow(argument.getTypeListAttr()).getList().getType(i));
        } else if (!argument.getTypeAttr().isEmpty()) {
          types.add(node.getAttrOrThrow(argument.getTypeAttr()).getType());
        } else {
          types.add(argument.getType());
        }
      }
    }
    return types;
  }

  private void inputs(NodeDef node, OpDef op) {
    List<DataType> wanted = types(node, op, op.getInputArgList());
    List<String> given =
        node.getInputList().stream().filter(input -> !input.startsWith("^")).toList();
    if (given.size() != wanted.size()) {
      throw broken(node, wanted.size() + " inputs", String.valueOf(given.size()));
    }
    for (int i = 0; i < given.size(); i++) {
      String input = given.get(i);
      List<DataType> types = outputs.get(GraphEditor.producer(input));
      if (types == null || GraphEditor.index(input) >= types.size()) {
        throw broken(node, "a tensor " + input, "none");
      }
      DataType found = types.get(GraphEditor.index(input));
      if (plain(found) != plain(wanted.get(i))) {
        throw broken(
            node,
            "input " + i + " of type " + wanted.get(i).name(),
            input + " of type " + found.name());
      }
    }
  }

  private static int plain(DataType type) {
    return type.getNumber() > REF ? type.getNumber() - REF : type.getNumber();
  }

  private static void constant(NodeDef node) {
    TensorProto value = node.getAttrOrThrow("value").getTensor();
    if (value.getDtype() != node.getAttrOrThrow("dtype").getType()) {
      throw broken(
          node,
          "a value of type " + node.getAttrOrThrow("dtype").getType().name(),
          value.getDtype().name());
    }
    long elements = 1;
    for (TensorShapeProto.Dim dimension : value.getTensorShape().getDimList()) {
      long size = dimension.getSize();
      elements = size < 0 || size > MAX_ELEMENTS ? Long.MAX_VALUE : elements * size;
      if (elements > MAX_ELEMENTS) {
        throw broken(
            node,
            "a constant of a known shape",
            value.getTensorShape().getDimList().stream()
                .map(TensorShapeProto.Dim::getSize)
                .toList()
                .toString());
      }
    }
    int bytes = value.getTensorContent().size();
    if (bytes > 0 && BYTES.containsKey(value.getDtype())) {
      long wanted = elements * Objects.requireNonNull(BYTES.get(value.getDtype()));
      if (bytes != wanted) {
        throw broken(node, "a constant of " + wanted + " bytes", String.valueOf(bytes));
      }
    }
  }

  private static IllegalArgumentException broken(NodeDef node, String expected, String found) {
    return new IllegalArgumentException(
        "node "
            + node.getName()
            + " ("
            + node.getOp()
            + "): expected "
            + expected
            + ", found "
            + found);
  }
}
