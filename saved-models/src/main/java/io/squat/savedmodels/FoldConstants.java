package io.squat.savedmodels;

import com.google.common.math.LongMath;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/**
 * Puts a Const in the place of every small tensor that is computed from Consts alone, so that later
 * passes can read shapes and permutations.
 *
 * <p>Invariant: the outputs stay the same to the last bit: TensorFlow's own kernels compute the
 * values.
 */
final class FoldConstants implements RewritePass {
  private static final int MAX_BYTES = 4096;
  private static final long MAX_ELEMENTS = 1 << 28;
  private static final Set<DataType> TYPES =
      Set.of(DataType.DT_INT32, DataType.DT_INT64, DataType.DT_FLOAT, DataType.DT_BOOL);

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Set<String> constant = constantNodes(model.graph());
    Set<String> wanted = new LinkedHashSet<>();
    for (NodeDef node : editor.nodes()) {
      if (!constant.contains(node.getName())) {
        for (String input : node.getInputList()) {
          String producer = GraphEditor.producer(input);
          if (constant.contains(producer) && !editor.node(producer).getOp().equals("Const")) {
            wanted.add(GraphEditor.tensor(input));
          }
        }
      }
    }
    if (!wanted.isEmpty()) {
      try {
        fold(editor, editor.build(wanted), new ArrayList<>(wanted));
      } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
        throw new IllegalArgumentException(
            "constants: TensorFlow cannot compute with them: " + TensorFlowMessage.of(e), e);
      }
    }
    return model.with(editor);
  }

  /**
   * The nodes of a graph that are Consts or are computed from Consts alone.
   *
   * @param graph nodes, each after its inputs
   */
  static Set<String> constantNodes(GraphDef graph) {
    Set<String> constant = new LinkedHashSet<>();
    for (NodeDef node : graph.getNodeList()) {
      if (isConstant(node, constant)) {
        constant.add(node.getName());
      }
    }
    return constant;
  }

  private static boolean isConstant(NodeDef node, Set<String> constant) {
    if (node.getOp().equals("Const")) {
      return true;
    }
    return node.getInputCount() > 0
        && node.getInputList().stream()
            .allMatch(
                input -> !input.startsWith("^") && constant.contains(GraphEditor.producer(input)))
        && !TensorFlow.isOpStateful(node.getOp());
  }

  private static void fold(GraphEditor editor, GraphDef computed, List<String> wanted) {
    try (Graph graph = new Graph()) {
      graph.importGraphDef(computed);
      graph.operations().forEachRemaining(FoldConstants::requireBounded);
      try (Session session = Device.cpuSession(graph)) {
        Session.Runner runner = session.runner();
        wanted.forEach(
            tensor -> runner.fetch(GraphEditor.producer(tensor), GraphEditor.index(tensor)));
        try (Result result = runner.run()) {
          for (int i = 0; i < wanted.size(); i++) {
            put(editor, wanted.get(i), result.get(i));
          }
        }
      }
    }
  }

  /** A few bytes of a file can ask for all memory that there is. */
  private static void requireBounded(GraphOperation operation) {
    for (int i = 0; i < operation.numOutputs(); i++) {
      Shape shape = operation.output(i).shape();
      long elements =
          shape.hasUnknownDimension()
              ? 0
              : LongStream.of(shape.asArray()).reduce(1, LongMath::saturatedMultiply);
      if (elements > MAX_ELEMENTS) {
        throw new IllegalArgumentException(
            "node "
                + operation.name()
                + ": expected at most "
                + MAX_ELEMENTS
                + " elements of constants, found a shape "
                + shape);
      }
    }
  }

  private static void put(GraphEditor editor, String tensor, Tensor value) {
    if (!TYPES.contains(value.dataType()) || value.numBytes() > MAX_BYTES) {
      return;
    }
    byte[] bytes = new byte[Math.toIntExact(value.numBytes())];
    value.asRawTensor().data().read(bytes);
    TensorProto content =
        TensorProto.newBuilder()
            .setDtype(value.dataType())
            .setTensorShape(Nodes.shape(value.shape().asArray()).getShape())
            .setTensorContent(ByteString.copyFrom(ByteBuffer.wrap(bytes)))
            .build();
    String name = editor.freshName(GraphEditor.producer(tensor) + "/folded");
    editor.put(
        NodeDef.newBuilder()
            .setName(name)
            .setOp("Const")
            .putAttr("dtype", Nodes.type(value.dataType()))
            .putAttr("value", AttrValue.newBuilder().setTensor(content).build())
            .build());
    editor.redirect(tensor, name, any -> true);
  }
}
