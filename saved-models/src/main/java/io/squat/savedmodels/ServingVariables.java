package io.squat.savedmodels;

import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.op.train.Restore;
import org.tensorflow.op.train.Save;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/**
 * The float32 constants of a graph that were variables, or are large, as variables, with the
 * checkpoint that they are restored from.
 *
 * <p>Every optimizer of TensorFlow copies constants: BERT-base took 7.4 GB of memory to load with
 * its values in the graph. A reader of a constant then reads a variable; nothing else changes.
 *
 * @param graph the nodes, among them those that save and restore
 * @param saver what a loader calls
 * @param values the variables' values by their keys
 */
public record ServingVariables(GraphDef graph, SaverDef saver, Map<String, TensorProto> values) {
  /** What makes a constant large where nothing else is asked for. */
  static final int LEAST_BYTES = 1024;

  private static final String READ = "/read";
  private static final String SCOPE = "saver";

  /** Copies the values. */
  public ServingVariables {
    values = ImmutableMap.copyOf(values);
  }

  /**
   * Moves the constants that were variables, and others of at least some bytes. The variable of a
   * constant {@code name/read} is {@code name}.
   */
  static ServingVariables of(GraphDef frozen, int leastBytes) {
    Set<String> names =
        frozen.getNodeList().stream().map(NodeDef::getName).collect(Collectors.toSet());
    GraphDef.Builder graph = GraphDef.newBuilder().setVersions(frozen.getVersions());
    Map<String, TensorProto> values = new LinkedHashMap<>();
    for (NodeDef node : frozen.getNodeList()) {
      if (isMoved(node, leastBytes)) {
        String name = variable(node.getName(), names);
        TensorProto value = node.getAttrOrThrow("value").getTensor();
        values.put(name, value);
        graph.addNode(handle(name, value));
        graph.addNode(read(node.getName(), name));
      } else {
        graph.addNode(node);
      }
    }
    SaverDef saver = addSaver(graph, values);
    return new ServingVariables(graph.build(), saver, values);
  }

  private static String variable(String constant, Set<String> names) {
    String name =
        constant.endsWith(READ)
            ? constant.substring(0, constant.length() - READ.length())
            : constant + "/variable";
    while (!names.add(name)) {
      name += "/variable";
    }
    return name;
  }

  private static boolean isMoved(NodeDef node, int leastBytes) {
    if (!node.getOp().equals("Const")
        || node.getAttrOrThrow("dtype").getType() != DataType.DT_FLOAT) {
      return false;
    }
    int bytes = node.getAttrOrThrow("value").getTensor().getTensorContent().size();
    return bytes >= leastBytes || (bytes > 0 && node.getName().endsWith(READ));
  }

  private static NodeDef handle(String name, TensorProto value) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("VarHandleOp")
        .putAttr("dtype", Nodes.type(DataType.DT_FLOAT))
        .putAttr("shape", AttrValue.newBuilder().setShape(value.getTensorShape()).build())
        .putAttr("container", Nodes.text(""))
        .putAttr("shared_name", Nodes.text(name))
        .build();
  }

  private static NodeDef read(String name, String handle) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("ReadVariableOp")
        .addInput(handle)
        .putAttr("dtype", Nodes.type(DataType.DT_FLOAT))
        .build();
  }

  private static SaverDef addSaver(GraphDef.Builder graph, Map<String, TensorProto> values) {
    try (Graph part = new Graph()) {
      Ops tf = Ops.create(part).withSubScope(SCOPE);
      Placeholder<TString> prefix =
          tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
      List<String> keys = List.copyOf(values.keySet());
      Restore restored =
          tf.train.restore(
              prefix,
              CheckpointOps.strings(tf, keys),
              CheckpointOps.strings(tf, blanks(keys)),
              CheckpointOps.floats(keys.size()));
      List<Op> assignments = new ArrayList<>();
      List<Operand<?>> reads = new ArrayList<>();
      for (int i = 0; i < keys.size(); i++) {
        String key = keys.get(i);
        VarHandleOp variable =
            tf.varHandleOp(TFloat32.class, shape(values, key), VarHandleOp.sharedName(key));
        assignments.add(tf.assignVariableOp(variable, restored.tensors().get(i)));
        reads.add(tf.readVariableOp(variable, TFloat32.class));
      }
      Op restore = tf.withControlDependencies(assignments).noOp();
      Save save =
          tf.train.save(
              prefix,
              CheckpointOps.strings(tf, keys),
              CheckpointOps.strings(tf, blanks(keys)),
              reads);
      Operand<TString> saved = tf.withControlDependencies(List.of(save)).identity(prefix);
      graph.addAllNode(part.toGraphDef().getNodeList());
      return SaverDef.newBuilder()
          .setVersion(SaverDef.CheckpointFormatVersion.V2)
          .setFilenameTensorName(prefix.op().name() + ":0")
          .setSaveTensorName(saved.op().name() + ":0")
          .setRestoreOpName(restore.op().name())
          .build();
    }
  }

  /** Writes the checkpoint. */
  void write(Path checkpoint) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      List<String> keys = List.copyOf(values.keySet());
      List<Operand<?>> fed = new ArrayList<>();
      for (String key : keys) {
        fed.add(tf.placeholder(TFloat32.class, Placeholder.shape(shape(values, key))));
      }
      Save save =
          tf.train.save(
              tf.constant(checkpoint.toString()),
              CheckpointOps.strings(tf, keys),
              CheckpointOps.strings(tf, blanks(keys)),
              fed);
      try (Session session = new Session(graph)) {
        run(session.runner(), keys, fed, save);
      }
    }
  }

  private void run(Session.Runner runner, List<String> keys, List<Operand<?>> fed, Save save) {
    List<Tensor> tensors = new ArrayList<>();
    try {
      for (int i = 0; i < keys.size(); i++) {
        TFloat32 tensor = tensor(shape(values, keys.get(i)), content(keys.get(i)));
        tensors.add(tensor);
        runner.feed(fed.get(i), tensor);
      }
      runner.addTarget(save).run().close();
    } finally {
      tensors.forEach(Tensor::close);
    }
  }

  private FloatBuffer content(String key) {
    TensorProto value = values.getOrDefault(key, TensorProto.getDefaultInstance());
    ByteString bytes = value.getTensorContent();
    return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static TFloat32 tensor(Shape shape, FloatBuffer content) {
    return TFloat32.tensorOf(shape, DataBuffers.of(content));
  }

  private static Shape shape(Map<String, TensorProto> values, String key) {
    TensorProto value = values.getOrDefault(key, TensorProto.getDefaultInstance());
    return Shape.of(
        value.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray());
  }

  private static List<String> blanks(List<String> keys) {
    return keys.stream().map(key -> "").toList();
  }
}
