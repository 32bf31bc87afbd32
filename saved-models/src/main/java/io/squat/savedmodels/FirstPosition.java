package io.squat.savedmodels;

import org.tensorflow.proto.NodeDef;

/**
 * The row of a table of positions that the first token of a row takes.
 *
 * <pre>
 * range(start, ...)               start
 * cumsum(real tokens)             1, or 0 if it is exclusive
 * x + c                           that of x plus c
 * x * mask                        that of x
 * </pre>
 */
final class FirstPosition {
  private FirstPosition() {}

  /** That of a lookup; 0 if the graph does not tell. */
  static int of(GraphEditor graph, EmbeddingLookup lookup) {
    NodeDef node = graph.node(lookup.node());
    return node.getOp().equals("GatherV2") ? of(graph, GraphEditor.input(node, 1)) : 0;
  }

  private static int of(GraphEditor graph, String tensor) {
    NodeDef node = graph.node(tensor);
    return switch (node.getOp()) {
      case "Range" -> scalar(graph, GraphEditor.input(node, 0));
      case "Cumsum" -> node.getAttrOrThrow("exclusive").getB() ? 0 : 1;
      case "Add", "AddV2", "Mul" -> ofOperands(graph, node);
      default ->
          node.getOp().equals("Cast") || BertStructure.SAME_VALUES.contains(node.getOp())
              ? of(graph, GraphEditor.input(node, 0))
              : 0;
    };
  }

  /** One of them has the positions, the other one what is added or masks. */
  private static int ofOperands(GraphEditor graph, NodeDef node) {
    String first = GraphEditor.input(node, 0);
    String second = GraphEditor.input(node, 1);
    int positions = Math.max(of(graph, first), of(graph, second));
    return node.getOp().equals("Mul")
        ? positions
        : positions + scalar(graph, first) + scalar(graph, second);
  }

  /** The value of a constant of one number, else 0. */
  private static int scalar(GraphEditor graph, String tensor) {
    int[] values = ConstantInts.of(graph.node(tensor));
    return values.length == 1 ? values[0] : 0;
  }
}
