package io.squat.savedmodels;

import com.google.common.primitives.Longs;
import com.google.protobuf.ByteString;
import io.squat.ops.BitPacking;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * What {@link ServingVariables} made, undone: the graph of a quantized export with what its
 * checkpoint holds in constants again, under the names that they had.
 */
final class RestoredConstants {
  private static final String RESTORE_OP = "RestoreV2";
  private static final Set<DataType> INTEGERS = Set.of(DataType.DT_INT8, DataType.DT_INT32);

  private final Path folder;
  private final GraphEditor editor;

  private RestoredConstants(Path folder, GraphEditor editor) {
    this.folder = folder;
    this.editor = editor;
  }

  /** Whether a graph is that of a quantized export. */
  static boolean isQuantized(GraphDef graph) {
    return graph.getNodeList().stream()
        .anyMatch(
            node ->
                node.getOp().equals("ReadVariableOp")
                    && INTEGERS.contains(
                        node.getAttrOrDefault("dtype", AttrValue.getDefaultInstance()).getType())
                    && (node.getName().endsWith(Constants.KERNEL)
                        || node.getName().endsWith(Constants.INTEGERS)));
  }

  /**
   * The graph in constants.
   *
   * @param folder the folder of the SavedModel, whose checkpoint is read
   * @param graph of a quantized export
   * @throws IllegalArgumentException if the checkpoint is not complete
   */
  static GraphDef of(Path folder, MetaGraphDef graph) {
    SavedModelFiles.checkVariables(folder);
    GraphEditor editor = new GraphEditor(graph.getGraphDef());
    NodeDef restore = editor.node(graph.getSaverDef().getRestoreOpName());
    new RestoredConstants(folder, editor).replace(restore);
    return GraphDef.newBuilder()
        .setVersions(graph.getGraphDef().getVersions())
        .setLibrary(graph.getGraphDef().getLibrary())
        .addAllNode(editor.nodes())
        .build();
  }

  private void replace(NodeDef restoreAll) {
    Map<String, String> assigned = new HashMap<>();
    for (String input : restoreAll.getInputList()) {
      NodeDef assignment = editor.node(input);
      assigned.put(assignment.getInput(0), GraphEditor.input(assignment, 1));
      editor.remove(assignment.getName());
    }
    editor.remove(restoreAll.getName());
    for (NodeDef node : editor.nodes()) {
      if (node.getOp().equals("ReadVariableOp")) {
        String value = assigned.get(node.getInput(0));
        if (value != null) {
          DataType type = node.getAttrOrThrow("dtype").getType();
          editor.put(Nodes.identity(node.getName(), value, type));
        }
      }
    }
    for (NodeDef node : editor.nodes()) {
      if (node.getOp().equals(RESTORE_OP)) {
        constants(node);
        editor.remove(node.getName());
      }
    }
  }

  /** Reads what a RestoreV2 does, one tensor after the other. */
  private void constants(NodeDef restore) {
    List<String> keys =
        editor
            .node(restore.getInput(1))
            .getAttrOrThrow("value")
            .getTensor()
            .getStringValList()
            .stream()
            .map(ByteString::toStringUtf8)
            .toList();
    List<DataType> types = restore.getAttrOrThrow("dtypes").getList().getTypeList();
    for (int i = 0; i < keys.size(); i++) {
      use(GraphEditor.tensor(restore.getName() + ":" + i), constant(keys.get(i), types.get(i)));
    }
  }

  private NodeDef constant(String key, DataType type) {
    CheckpointOps.requirePlainName(SavedModelFiles.checkpoint(folder));
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Output<?> read =
          tf.scope()
              .opBuilder(RESTORE_OP, "restored")
              .addInput(tf.constant(SavedModelFiles.checkpoint(folder).toString()).asOutput())
              .addInput(CheckpointOps.strings(tf, List.of(key)).asOutput())
              .addInput(CheckpointOps.strings(tf, List.of("")).asOutput())
              .setAttr("dtypes", new DataType[] {type})
              .build()
              .output(0);
      boolean bytes = type == DataType.DT_INT8; // TensorFlow Java fetches uint8
      try (Session session = Device.cpuSession(graph);
          Result result =
              session
                  .runner()
                  .fetch(bytes ? BitPacking.bitcast(tf, read, DataType.DT_UINT8) : read)
                  .run()) {
        return constant(key, type, result.get(0));
      } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
        throw CheckpointOps.unreadable(SavedModelFiles.checkpoint(folder), e);
      }
    }
  }

  private static NodeDef constant(String key, DataType type, Tensor tensor) {
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(tensor.numBytes()));
    tensor.asRawTensor().data().read(content.array());
    return Constants.constant(key, type, Longs.asList(tensor.shape().asArray()), content);
  }

  /** Whatever read the variable is the constant; what unpacks it reads it. */
  private void use(String restored, NodeDef constant) {
    for (NodeDef node : editor.consumers(restored)) {
      if (node.getOp().equals("Identity") && !node.getName().endsWith(Constants.KERNEL)) {
        editor.put(constant.toBuilder().setName(node.getName()).build());
      }
    }
    if (!editor.uses(restored).isEmpty()) {
      editor.put(constant);
      editor.redirect(restored, constant.getName(), any -> true);
    }
  }
}
