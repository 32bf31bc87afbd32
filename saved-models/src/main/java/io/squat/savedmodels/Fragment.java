package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * A piece of graph that is built with the operations of TensorFlow Java and put into a graph that
 * is being edited: so a pass says where, and {@code io.squat.ops} says how.
 */
final class Fragment {
  private static final String INPUT = "fragment_input_";

  /**
   * A tensor that the piece starts from.
   *
   * @param tensor its name in the edited graph
   * @param type its type
   * @param shape what is known of its shape
   */
  record Input(String tensor, DataType type, Shape shape) {
    // TensorFlow Java has no class for every type, so tf.placeholder cannot name them.
    private Operand<?> placeholder(Ops tf, int index) {
      return tf.scope()
          .opBuilder(Placeholder.OP_NAME, INPUT + index)
          .setAttr("dtype", type)
          .setAttr("shape", shape)
          .build()
          .output(0);
    }
  }

  private Fragment() {}

  /**
   * Builds a piece and adds its nodes under a fresh scope.
   *
   * @param editor the graph that the nodes are added to
   * @param scope the wished scope of the nodes' names
   * @param inputs what the piece starts from
   * @param builder makes the outputs from the inputs
   * @return the outputs' tensors in the edited graph
   */
  static List<String> add(
      GraphEditor editor,
      String scope,
      List<Input> inputs,
      BiFunction<Ops, List<Operand<?>>, List<? extends Operand<?>>> builder) {
    String prefix = editor.freshName(scope) + "/";
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Map<String, String> outside = new HashMap<>();
      List<Operand<?>> operands = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        operands.add(inputs.get(i).placeholder(tf, i));
        outside.put(INPUT + i, inputs.get(i).tensor());
      }
      List<? extends Operand<?>> outputs = builder.apply(tf, operands);
      for (NodeDef node : graph.toGraphDef().getNodeList()) {
        if (!outside.containsKey(node.getName())) {
          editor.put(renamed(node, prefix, outside));
        }
      }
      return outputs.stream().map(output -> rename(name(output), prefix, outside)).toList();
    }
  }

  private static String name(Operand<?> output) {
    return GraphEditor.tensor(output.op().name() + ":" + output.asOutput().index());
  }

  private static NodeDef renamed(NodeDef node, String prefix, Map<String, String> outside) {
    NodeDef.Builder renamed = node.toBuilder().setName(prefix + node.getName()).clearInput();
    node.getInputList().forEach(input -> renamed.addInput(rename(input, prefix, outside)));
    return renamed.build();
  }

  private static String rename(String input, String prefix, Map<String, String> outside) {
    if (input.startsWith("^")) {
      return "^" + prefix + input.substring(1);
    }
    String known = outside.get(GraphEditor.producer(input));
    return known != null ? known : prefix + input;
  }
}
