package io.squat.savedmodels;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ListMultimap;
import com.google.protobuf.ByteString;
import io.squat.ops.BitPacking;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * Constants of a graph as variables, with the checkpoint that they are restored from.
 *
 * <pre>
 * Const -&gt; consumers                      becomes  RestoreV2 -&gt; Assign, Read -&gt; consumers
 * Const -&gt; unpack -&gt; kernel -&gt; consumers  becomes  RestoreV2 -&gt; unpack -&gt; Assign, Read -&gt; consumers
 * </pre>
 *
 * <p>Every optimizer of TensorFlow copies constants: BERT-base took 7.4 GB of memory to load with
 * its float32 values in the graph, and 2 GB with packed ones. A kernel is unpacked while it is
 * restored, once: it is 4-bit in the file and 8-bit in memory. Nothing else changes for a reader.
 *
 * @param graph the nodes, among them those that save and restore
 * @param saver what a loader calls
 * @param values what the checkpoint holds, by its keys
 */
public record ServingVariables(GraphDef graph, SaverDef saver, Map<String, TensorProto> values) {
  /** What the name of a node ends in that reads a variable that was trained. */
  static final String READ = "/read";

  private static final String SCOPE = "saver";
  private static final String RESTORE = SCOPE + "/restore";
  private static final String RESTORED = SCOPE + "/restored";

  /** Smaller constants of a quantized model are no matter, and are read faster as they are. */
  private static final int LARGE_BYTES = 1 << 16;

  /** What is restored together, at least, before the next is. */
  private static final int GROUP_BYTES = 4 << 20;

  /** Copies the values. */
  public ServingVariables {
    values = ImmutableMap.copyOf(values);
  }

  /**
   * Which constants of a float model become variables: those that were trained, and other float32
   * ones of at least some bytes.
   */
  static Predicate<NodeDef> trained(int leastBytes) {
    return constant -> {
      int bytes = floatBytes(constant);
      return bytes >= leastBytes || (bytes > 0 && Constants.isOfVariable(constant));
    };
  }

  /** Which constants of a quantized model become variables: integers, and large float32 ones. */
  static Predicate<NodeDef> integers() {
    return constant ->
        constant.getName().endsWith(Constants.INTEGERS) || floatBytes(constant) >= LARGE_BYTES;
  }

  private static int floatBytes(NodeDef constant) {
    TensorProto value = value(constant);
    return value.getDtype() == DataType.DT_FLOAT ? value.getTensorContent().size() : 0;
  }

  private static TensorProto value(NodeDef constant) {
    return constant.getAttrOrThrow("value").getTensor();
  }

  /**
   * Moves constants. The variable of a constant {@code name/read} is {@code name}.
   *
   * @param frozen a graph without variables
   * @param moved which Const nodes are moved
   */
  static ServingVariables of(GraphDef frozen, Predicate<NodeDef> moved) {
    return new Move(frozen, moved).result();
  }

  /** A move under way. */
  private static final class Move {
    private final GraphDef frozen;
    private final GraphEditor original;
    private final GraphEditor editor;
    private final Set<String> names = new HashSet<>();

    /** The nodes that unpack kernels. */
    private final Set<String> unpacking = new HashSet<>();

    private final Map<String, TensorProto> values = new LinkedHashMap<>();

    /** Values that are restored together, by their keys. */
    private final List<Map<String, DataType>> groups = new ArrayList<>();

    private int groupBytes = GROUP_BYTES;

    /** Where its value comes from, by the Const that is moved. */
    private final Map<String, Place> restored = new HashMap<>();

    private final List<Variable> variables = new ArrayList<>();

    /** The output of a RestoreV2. */
    private record Place(int group, int index) {
      String tensor() {
        return RESTORED + group + (index == 0 ? "" : ":" + index);
      }
    }

    /**
     * A variable.
     *
     * @param name its name
     * @param key of the value that it is of
     * @param type its type
     * @param shape its shape
     * @param assigned the tensor that it is assigned
     * @param place where its value is restored
     */
    private record Variable(
        String name, String key, DataType type, AttrValue shape, String assigned, Place place) {
      boolean isUnpacked() {
        return !assigned.equals(place.tensor());
      }
    }

    Move(GraphDef frozen, Predicate<NodeDef> moved) {
      this.frozen = frozen;
      this.original = new GraphEditor(frozen);
      this.editor = new GraphEditor(frozen);
      for (NodeDef node : frozen.getNodeList()) {
        names.add(node.getName());
        if (isKernel(node)) {
          findUnpacking(node);
        }
      }
      for (NodeDef node : frozen.getNodeList()) {
        if (node.getOp().equals("Const") && moved.test(node)) {
          move(node);
        }
      }
    }

    private static boolean isKernel(NodeDef node) {
      return node.getName().endsWith(Constants.KERNEL)
          && node.getOp().equals("EnsureShape")
          && node.getAttrOrThrow("T").getType() == DataType.DT_INT8;
    }

    private void findUnpacking(NodeDef node) {
      for (String input : node.getInputList()) {
        if (unpacking.add(GraphEditor.producer(input))) {
          findUnpacking(original.node(input));
        }
      }
    }

    private void move(NodeDef constant) {
      String name = variableName(constant.getName());
      TensorProto value = value(constant);
      String key = constant.getName().endsWith(READ) ? name : constant.getName();
      Place place = place(key, value);
      restored.put(constant.getName(), place);
      for (NodeDef consumer : original.consumers(constant.getName())) {
        if (!unpacking.contains(consumer.getName()) && !isKernel(consumer)) {
          AttrValue shape = AttrValue.newBuilder().setShape(value.getTensorShape()).build();
          read(
              constant.getName(),
              new Variable(name, key, value.getDtype(), shape, place.tensor(), place));
          return;
        }
      }
      editor.remove(constant.getName());
    }

    private Place place(String key, TensorProto value) {
      if (groupBytes >= GROUP_BYTES) {
        groups.add(new LinkedHashMap<>());
        groupBytes = 0;
      }
      groupBytes += value.getTensorContent().size();
      values.put(key, value);
      Map<String, DataType> group = groups.get(groups.size() - 1);
      group.put(key, value.getDtype());
      return new Place(groups.size() - 1, group.size() - 1);
    }

    private String variableName(String constant) {
      String name =
          constant.endsWith(READ)
              ? constant.substring(0, constant.length() - READ.length())
              : constant + "/variable";
      while (!names.add(name)) {
        name += "/variable";
      }
      return name;
    }

    /** Lets a node read a variable. */
    private void read(String node, Variable variable) {
      variables.add(variable);
      editor.put(handle(variable));
      editor.put(
          NodeDef.newBuilder()
              .setName(node)
              .setOp("ReadVariableOp")
              .addInput(variable.name())
              .putAttr("dtype", Nodes.type(variable.type()))
              .build());
    }

    private static NodeDef handle(Variable variable) {
      return NodeDef.newBuilder()
          .setName(variable.name())
          .setOp("VarHandleOp")
          .putAttr("dtype", Nodes.type(variable.type()))
          .putAttr("shape", variable.shape())
          .putAttr("container", Nodes.text(""))
          .putAttr("shared_name", Nodes.text(variable.name()))
          .build();
    }

    ServingVariables result() {
      UnpackFunctions functions = new UnpackFunctions(original);
      List<NodeDef> calls = new ArrayList<>();
      for (NodeDef node : frozen.getNodeList()) {
        if (isKernel(node)) {
          NodeDef stored = storedOf(node).orElseThrow();
          Place place = Objects.requireNonNull(restored.get(stored.getName()));
          String unpacked = GraphEditor.input(node, 0);
          String value = place.tensor();
          if (!unpacked.equals(stored.getName())) {
            value = SCOPE + "/unpack" + calls.size();
            calls.add(functions.call(value, unpacked, stored, place.tensor()));
          }
          read(
              node.getName(),
              new Variable(
                  variableName(node.getName()),
                  stored.getName(),
                  node.getAttrOrThrow("T").getType(),
                  node.getAttrOrThrow("shape"),
                  value,
                  place));
        }
      }
      removeUnpacking();
      GraphDef.Builder graph = GraphDef.newBuilder().setVersions(frozen.getVersions());
      graph.addAllNode(editor.nodes()).addAllNode(calls).setLibrary(functions.library());
      SaverDef saver = addSaver(graph);
      return new ServingVariables(graph.build(), saver, values);
    }

    /** The moved constant that a kernel is unpacked from. */
    private Optional<NodeDef> storedOf(NodeDef node) {
      return restored.containsKey(node.getName())
          ? Optional.of(node)
          : node.getInputList().stream()
              .map(original::node)
              .flatMap(source -> storedOf(source).stream())
              .findFirst();
    }

    /** What nothing but unpacking used is in functions now. */
    private void removeUnpacking() {
      boolean removed = true;
      while (removed) {
        removed = false;
        for (String name : List.copyOf(unpacking)) {
          if (editor.contains(name) && editor.uses(name).isEmpty()) {
            editor.remove(name);
            removed = true;
          }
        }
      }
    }

    private SaverDef addSaver(GraphDef.Builder graph) {
      try (Graph part = new Graph()) {
        Ops tf = Ops.create(part).withSubScope(SCOPE);
        Placeholder<TString> prefix =
            tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
        Operand<TString> saved =
            tf.withControlDependencies(List.of(save(tf, prefix))).identity(prefix);
        graph.addAllNode(part.toGraphDef().getNodeList());
        addRestore(graph, prefix.op().name());
        return SaverDef.newBuilder()
            .setVersion(SaverDef.CheckpointFormatVersion.V2)
            .setFilenameTensorName(prefix.op().name() + ":0")
            .setSaveTensorName(saved.op().name() + ":0")
            .setRestoreOpName(RESTORE)
            .build();
      }
    }

    /**
     * One group of values after the other is read, unpacked and assigned: the memory that one
     * needed serves the next, since TensorFlow gives none back.
     */
    private void addRestore(GraphDef.Builder graph, String prefix) {
      ListMultimap<Integer, String> assignments = ArrayListMultimap.create();
      NodeDef.Builder restore = NodeDef.newBuilder().setName(RESTORE).setOp("NoOp");
      for (Variable variable : variables) {
        String assignment = SCOPE + "/assign" + restore.getInputCount();
        graph.addNode(
            NodeDef.newBuilder()
                .setName(assignment)
                .setOp("AssignVariableOp")
                .addInput(variable.name())
                .addInput(variable.assigned())
                .putAttr("dtype", Nodes.type(variable.type()))
                .putAttr("validate_shape", Nodes.flag(false)));
        restore.addInput("^" + assignment);
        assignments.put(variable.place().group(), "^" + assignment);
      }
      graph.addNode(restore);
      for (int i = 0; i < groups.size(); i++) {
        List<String> keys = List.copyOf(groups.get(i).keySet());
        String name = RESTORED + i;
        graph.addNode(Nodes.strings(name + "/keys", keys));
        graph.addNode(Nodes.strings(name + "/slices", blanks(keys)));
        graph.addNode(
            NodeDef.newBuilder()
                .setName(name)
                .setOp("RestoreV2")
                .addInput(prefix)
                .addInput(name + "/keys")
                .addInput(name + "/slices")
                .addAllInput(assignments.get(i - 1))
                .putAttr("dtypes", types(groups.get(i).values())));
      }
    }

    private static AttrValue types(Collection<DataType> types) {
      return AttrValue.newBuilder()
          .setList(AttrValue.ListValue.newBuilder().addAllType(types))
          .build();
    }

    /** A saver must have one; what is packed in the file cannot be saved once it is unpacked. */
    private Op save(Ops tf, Operand<TString> prefix) {
      if (variables.stream().anyMatch(Variable::isUnpacked)) {
        return tf.assertThat(
            tf.constant(false),
            List.of(tf.constant("the model is to be exported again, not to be saved")));
      }
      List<String> keys = variables.stream().map(Variable::key).toList();
      return tf.train.save(
          prefix,
          CheckpointOps.strings(tf, keys),
          CheckpointOps.strings(tf, blanks(keys)),
          variables.stream().<Operand<?>>map(variable -> reading(tf, variable)).toList());
    }

    private static Operand<?> reading(Ops tf, Variable variable) {
      Output<?> handle =
          tf.scope()
              .opBuilder("VarHandleOp", "saved")
              .setAttr("dtype", variable.type())
              .setAttr("shape", Shape.unknown())
              .setAttr("shared_name", variable.name())
              .build()
              .output(0);
      return tf.scope()
          .opBuilder("ReadVariableOp", "read")
          .addInput(handle)
          .setAttr("dtype", variable.type())
          .build()
          .output(0);
    }
  }

  private static List<String> blanks(List<String> keys) {
    return keys.stream().map(key -> "").toList();
  }

  // ---- the checkpoint

  /**
   * Writes the checkpoint.
   *
   * @throws IOException if it cannot be written
   */
  void write(Path checkpoint) throws IOException {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      List<String> keys = List.copyOf(values.keySet());
      List<Operand<?>> fed = new ArrayList<>();
      List<Operand<?>> saved = new ArrayList<>();
      for (TensorProto value : values.values()) {
        Operand<?> placeholder = tf.placeholder(fedType(value));
        fed.add(placeholder);
        saved.add(
            value.getDtype() == DataType.DT_INT8
                ? BitPacking.bitcast(tf, placeholder, DataType.DT_INT8)
                : placeholder);
      }
      Op save =
          tf.train.save(
              tf.constant(checkpoint.toString()),
              CheckpointOps.strings(tf, keys),
              CheckpointOps.strings(tf, blanks(keys)),
              saved);
      try (Session session = Device.cpuSession(graph)) {
        run(session.runner(), fed, save);
      } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
        throw new IOException(TensorFlowMessage.of(e), e);
      }
    }
  }

  private void run(Session.Runner runner, List<Operand<?>> fed, Op save) {
    List<Tensor> tensors = new ArrayList<>();
    try {
      for (TensorProto value : values.values()) {
        Tensor tensor = tensor(value);
        runner.feed(fed.get(tensors.size()), tensor);
        tensors.add(tensor);
      }
      runner.addTarget(save).run().close();
    } finally {
      tensors.forEach(Tensor::close);
    }
  }

  /** TensorFlow Java has no class for int8: its bytes go in and out as uint8. */
  private static Class<? extends TType> fedType(TensorProto value) {
    return switch (value.getDtype()) {
      case DT_FLOAT -> TFloat32.class;
      case DT_INT32 -> TInt32.class;
      case DT_INT8 -> TUint8.class;
      default ->
          throw new IllegalArgumentException(
              "variable: expected float32, int32 or int8, found " + value.getDtype());
    };
  }

  private static Tensor tensor(TensorProto value) {
    Shape shape =
        Shape.of(
            value.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray());
    ByteString content = value.getTensorContent();
    return switch (value.getDtype()) {
      case DT_FLOAT -> TFloat32.tensorOf(shape, DataBuffers.of(floats(content)));
      case DT_INT32 -> TInt32.tensorOf(shape, DataBuffers.of(ints(content)));
      default -> TUint8.tensorOf(shape, DataBuffers.of(content.toByteArray()));
    };
  }

  private static FloatBuffer floats(ByteString content) {
    return content.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static IntBuffer ints(ByteString content) {
    return content.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
  }
}
