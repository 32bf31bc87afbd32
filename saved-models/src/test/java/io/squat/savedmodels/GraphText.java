package io.squat.savedmodels;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/**
 * A graph as lines to be read: {@code name = Op(input, input:1, ^control) attribute=value}. Types
 * that follow from those of the inputs are left out.
 */
final class GraphText {
  /** Larger constants are written by their type and shape alone. */
  private static final int WRITTEN_OUT = 8;

  private GraphText() {}

  /** Every node, in the order of the graph. */
  static String of(GraphDef graph) {
    return String.join("\n", lines(graph).values()) + "\n";
  }

  /** The nodes that went, with a minus, and those that came, with a plus. */
  static String difference(GraphDef before, GraphDef after) {
    Map<String, String> old = lines(before);
    Map<String, String> fresh = lines(after);
    List<String> lines = new ArrayList<>();
    old.forEach(
        (name, line) -> {
          if (!line.equals(fresh.get(name))) {
            lines.add("- " + line);
          }
        });
    fresh.forEach(
        (name, line) -> {
          if (!line.equals(old.get(name))) {
            lines.add("+ " + line);
          }
        });
    return lines.isEmpty() ? "nothing changes\n" : String.join("\n", lines) + "\n";
  }

  private static Map<String, String> lines(GraphDef graph) {
    Map<String, String> lines = new LinkedHashMap<>();
    graph.getNodeList().forEach(node -> lines.put(node.getName(), line(node)));
    return lines;
  }

  private static String line(NodeDef node) {
    StringBuilder line = new StringBuilder(node.getName());
    line.append(" = ").append(node.getOp());
    line.append('(').append(String.join(", ", node.getInputList())).append(')');
    new TreeMap<>(node.getAttrMap())
        .forEach(
            (name, value) -> {
              if (!name.startsWith("_") && !name.startsWith("T")) {
                line.append(' ').append(name).append('=').append(text(value));
              }
            });
    return line.toString();
  }

  private static String text(AttrValue value) {
    return switch (value.getValueCase()) {
      case TYPE -> type(value.getType());
      case SHAPE -> shape(value.getShape());
      case TENSOR -> tensor(value.getTensor());
      case S -> '"' + value.getS().toStringUtf8() + '"';
      case I -> Long.toString(value.getI());
      case F -> Float.toString(value.getF());
      case B -> Boolean.toString(value.getB());
      case FUNC -> value.getFunc().getName();
      case LIST ->
          value.getList().getTypeCount() > 0
              ? value.getList().getTypeList().stream().map(GraphText::type).toList().toString()
              : value.getList().getIList().toString();
      default -> "?";
    };
  }

  private static String type(DataType type) {
    return type.name().substring("DT_".length()).toLowerCase(Locale.ROOT);
  }

  private static String shape(TensorShapeProto shape) {
    return shape.getUnknownRank()
        ? "?"
        : shape.getDimList().stream()
            .map(d -> d.getSize() < 0 ? "?" : Long.toString(d.getSize()))
            .collect(Collectors.joining(",", "[", "]"));
  }

  private static String tensor(TensorProto tensor) {
    return type(tensor.getDtype()) + shape(tensor.getTensorShape()) + values(tensor);
  }

  private static String values(TensorProto tensor) {
    List<?> values =
        switch (tensor.getDtype()) {
          case DT_FLOAT -> tensor.getFloatValList();
          case DT_INT32 -> tensor.getIntValList();
          case DT_INT64 -> tensor.getInt64ValList();
          default -> Collections.emptyList();
        };
    if (values.isEmpty()) {
      var bytes = tensor.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      values =
          switch (tensor.getDtype()) {
            case DT_FLOAT ->
                remaining(bytes.asFloatBuffer().remaining(), bytes.asFloatBuffer()::get);
            case DT_INT32 -> remaining(bytes.asIntBuffer().remaining(), bytes.asIntBuffer()::get);
            case DT_INT64 -> remaining(bytes.asLongBuffer().remaining(), bytes.asLongBuffer()::get);
            default -> values;
          };
    }
    return values.isEmpty() || values.size() > WRITTEN_OUT ? "" : values.toString();
  }

  private interface Element {
    Object at(int index);
  }

  private static List<Object> remaining(int count, Element element) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < Math.min(count, WRITTEN_OUT + 1); i++) {
      values.add(element.at(i));
    }
    return values;
  }
}
