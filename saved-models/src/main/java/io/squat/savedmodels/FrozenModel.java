package io.squat.savedmodels;

import com.google.common.primitives.Longs;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A SavedModel whose values are constants: a quantized export ({@link RestoredConstants}), or a
 * frozen graph of whoever. {@link #thaw} gives the same model with its values in variables, which
 * can be read and trained further.
 *
 * <p>Of a quantized export the values are what its integers stand for, Q(w), and the quantizers of
 * its layers' inputs are taken out and listed; those of any other graph stay. It is read by its
 * signature {@link ServingModel#FLOAT}, whose products are those of any other model.
 */
public final class FrozenModel {
  private static final String READ = ServingVariables.READ;
  private static final String FAKE_QUANT = "FakeQuantWithMinMaxVars";
  private static final Set<String> SLICES = Set.of("Slice", "StridedSlice");

  private final GraphEditor editor;

  /** Whether the graph is of a quantized export: whose quantizers it has otherwise is not known. */
  private final boolean quantized;

  private final List<String> roots = new ArrayList<>();
  private final SignatureDef signature;
  private final String key;
  private final Set<String> constants = new LinkedHashSet<>();
  private final Map<String, List<Float>> stepSizes = new TreeMap<>();
  private final Map<String, String> tables = new HashMap<>();
  private final Map<String, List<float[]>> integers = new LinkedHashMap<>();
  private int activationBits = BitWidths.FLOAT_BITS;
  private Granularity granularity = Granularity.TENSOR;

  /**
   * What a quantized export was trained with.
   *
   * @param bits W-E-A: of weights and tables the fewest that hold their integers, unless {@link
   *     #with} tells more
   * @param levels of the weights as far as their integers or {@link #with} tell, null for those
   *     that their width has by default
   * @param granularity of the weights
   * @param stepSizes by the names that {@link Quantizer#stepSize} has in the thawed model, one
   *     number or one a column; that of a layer's input also by the tensors that it is a reshape of
   */
  public record Recovered(
      String bits,
      @Nullable Levels levels,
      Granularity granularity,
      Map<String, List<Float>> stepSizes) {
    /** Copies the step sizes. Files of before there was a granularity have none: a tensor's. */
    public Recovered {
      granularity = Objects.requireNonNullElse(granularity, Granularity.TENSOR);
      stepSizes =
          stepSizes.entrySet().stream()
              .collect(
                  Collectors.toUnmodifiableMap(
                      Map.Entry::getKey, step -> List.copyOf(step.getValue())));
    }

    /** The same with what is known otherwise of how the model was trained. */
    public Recovered with(Quantization known) {
      return new Recovered(known.bits().toString(), known.levels(), known.granularity(), stepSizes);
    }

    /** What the model was trained with. */
    public Quantization quantization() {
      return new Quantization(BitWidths.parse(bits), levels, granularity);
    }

    /**
     * The step sizes of the quantizers that a model would be trained with.
     *
     * @param model the thawed model, with or without another task head
     * @param quantization what it would be trained with
     * @return by the names of the steps' variables; empty if the quantization is not the one that
     *     was recovered, or a step is missing
     */
    public Optional<Map<String, List<Float>>> stepSizes(
        ModelGraph model, Quantization quantization) {
      if (!quantization.equals(quantization())) {
        return Optional.empty();
      }
      GraphEditor graph = model.edit();
      Map<String, List<Float>> found = new TreeMap<>();
      for (Quantizer quantizer : Rewriting.quantizers(model, quantization)) {
        String tensor = quantizer.source();
        List<Float> step = stepSizes.get(quantizer.stepSize());
        // The canonical form may have put one more reshape in front of a layer.
        while (step == null
            && graph.contains(GraphEditor.producer(tensor))
            && BertStructure.SAME_VALUES.contains(graph.node(tensor).getOp())) {
          tensor = GraphEditor.input(graph.node(tensor), 0);
          step = stepSizes.get(Quantizer.stepSizeName(tensor));
        }
        if (step == null) {
          return Optional.empty();
        }
        found.put(quantizer.stepSize(), step);
      }
      return Optional.of(found);
    }
  }

  /**
   * A frozen model with its values in variables.
   *
   * @param model what is written; its one signature has the name that was chosen
   * @param quantization what was recovered, null if nothing in the model is packed
   */
  public record Thawed(ServingModel model, @Nullable Recovered quantization) {}

  private FrozenModel(GraphDef graph, boolean quantized, String key, SignatureDef signature) {
    this.quantized = quantized;
    this.key = key;
    List<String> wanted = new ArrayList<>();
    signature.getInputsMap().values().forEach(info -> wanted.add(info.getName()));
    signature.getOutputsMap().values().forEach(info -> wanted.add(info.getName()));
    FunctionInliner.Flat flat = FunctionInliner.inline(graph, wanted, Set.of("Assert"));
    this.editor = new GraphEditor(flat.graph());
    SignatureDef.Builder renamed = signature.toBuilder();
    signature.getOutputsMap().forEach((name, info) -> renamed.putOutputs(name, moved(flat, info)));
    this.signature = renamed.build();
    this.signature.getInputsMap().values().forEach(info -> roots.add(info.getName()));
    this.signature.getOutputsMap().values().forEach(info -> roots.add(info.getName()));
  }

  private static TensorInfo moved(FunctionInliner.Flat flat, TensorInfo info) {
    return info.toBuilder().setName(flat.tensor(info.getName())).build();
  }

  /**
   * Whether a SavedModel is a quantized export, or holds its values in constants.
   *
   * @throws IllegalArgumentException as {@link SavedModelReader#metaGraph}
   */
  public static boolean is(Path folder, SavedModelReader.Choice choice) {
    MetaGraphDef graph = SavedModelReader.metaGraph(folder, SavedModelFiles.parse(folder), choice);
    return RestoredConstants.isQuantized(graph.getGraphDef())
        || !SavedModelFiles.hasVariables(graph.getGraphDef());
  }

  /**
   * Moves the values into variables.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param choice which graph and signature
   * @throws IllegalArgumentException as {@link SavedModelReader#readGraph}
   */
  public static Thawed thaw(Path folder, SavedModelReader.Choice choice) {
    MetaGraphDef graph = SavedModelReader.metaGraph(folder, SavedModelFiles.parse(folder), choice);
    boolean packed = graph.containsSignatureDef(ServingModel.FLOAT) && choice.signature() == null;
    SavedModelReader.Choice read =
        packed
            ? new SavedModelReader.Choice(choice.tags(), ServingModel.FLOAT, choice.inputs())
            : choice;
    SignatureDef signature = SavedModelReader.signature(folder, graph, read);
    String key = choice.signature() == null ? ServingModel.DEFAULT : choice.signature();
    try {
      AllowedOps.checkSignature(graph, signature);
      boolean quantized = RestoredConstants.isQuantized(graph.getGraphDef());
      GraphDef constants = quantized ? RestoredConstants.of(folder, graph) : graph.getGraphDef();
      return new FrozenModel(constants, quantized, key, signature).thaw();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(folder + ": " + e.getMessage(), e);
    }
  }

  private Thawed thaw() {
    constants.addAll(FoldConstants.constantNodes(editor.build(roots)));
    if (quantized) {
      takeOutQuantizers();
    }
    moveFrontier();
    GraphDef thawed = editor.build(roots);
    return new Thawed(
        ServingModel.ofConstants(thawed, Map.of(key, signature))
            .withVariables(ServingVariables.trained(2 * Float.BYTES)),
        recovered());
  }

  private void takeOutQuantizers() {
    for (NodeDef node : List.copyOf(editor.nodes())) {
      if (!constants.contains(node.getName())) {
        if (node.getOp().equals("GatherV2")) {
          unpackRows(node);
        } else if (node.getOp().equals(FAKE_QUANT)) {
          unquantize(node);
        }
      }
    }
  }

  // ---- quantizers of activations

  private void unquantize(NodeDef node) {
    Optional<Float> min = scalar(node.getInput(1));
    Optional<Float> max = scalar(node.getInput(2));
    if (min.isEmpty() || max.isEmpty()) {
      return;
    }
    activationBits = (int) node.getAttrOrThrow("num_bits").getI();
    int steps = (1 << activationBits) - (node.getAttrOrThrow("narrow_range").getB() ? 2 : 1);
    String source = GraphEditor.input(node, 0);
    List<Float> step = List.of((max.get() - min.get()) / steps);
    // The canonical form may put a reshape of its own in the place of one that is there.
    String tensor = source;
    stepSizes.put(Quantizer.stepSizeName(tensor), step);
    while (BertStructure.SAME_VALUES.contains(editor.node(tensor).getOp())) {
      tensor = GraphEditor.input(editor.node(tensor), 0);
      stepSizes.putIfAbsent(Quantizer.stepSizeName(tensor), step);
    }
    editor.put(Nodes.identity(node.getName(), source, DataType.DT_FLOAT));
  }

  // ---- tables of which rows are unpacked

  /**
   * Replaces a lookup of packed rows by one of a table of values.
   *
   * <p>The words that a lookup takes are those of the packed table, or of a slice of its rows. From
   * them to the rows of values everything works row by row, so that the whole table is what comes
   * out when all rows go in.
   */
  private void unpackRows(NodeDef gather) {
    NodeDef words = editor.node(gather.getInput(0));
    boolean sliced = SLICES.contains(words.getOp());
    String packed = GraphEditor.producer(sliced ? words.getInput(0) : words.getName());
    if (!packed.endsWith(Constants.INTEGERS) || !editor.node(packed).getOp().equals("Const")) {
      return;
    }
    Optional<NodeDef> values = castOf(gather.getName(), new HashSet<>());
    if (values.isEmpty()) {
      return;
    }
    // Packed rows are gathered by one list of ids, and put into the shape of the ids at the end.
    Optional<NodeDef> shaped =
        editor.consumers(values.get().getName()).stream()
            .filter(next -> next.getOp().equals("Reshape"))
            .findFirst();
    NodeDef rows = shaped.orElse(values.get());
    String indices =
        shaped.isPresent()
            ? GraphEditor.input(editor.node(gather.getInput(1)), 0)
            : GraphEditor.input(gather, 1);
    String variable = packed.substring(0, packed.length() - Constants.INTEGERS.length());
    String table = tables.get(variable); // of a lookup before
    if (table == null) {
      int count = (int) wordsOf(packed).getTensorShape().getDim(0).getSize();
      float[] whole = table(packed, sliced ? words.getName() : null, indices, rows, count);
      float scale = unscale(rows.getName());
      table = values(variable, whole, scale, count);
      tables.put(variable, table);
      stepSizes.put(Quantizer.stepSizeName(variable), List.of(scale));
      integers.computeIfAbsent("tables", kind -> new ArrayList<>()).add(whole);
    } else {
      unscale(rows.getName());
    }
    String taken = editor.freshName(rows.getName() + "/rows");
    if (sliced) {
      editor.put(
          words.toBuilder()
              .setName(taken)
              .setInput(0, table)
              .putAttr("T", Nodes.type(DataType.DT_FLOAT))
              .build());
    } else {
      editor.put(
          gather.toBuilder()
              .setName(taken)
              .setInput(0, table)
              .setInput(1, indices)
              .putAttr("Tparams", Nodes.type(DataType.DT_FLOAT))
              .build());
    }
    editor.put(Nodes.identity(rows.getName(), taken, DataType.DT_FLOAT));
  }

  /** The node behind a lookup of integers that makes float32 of them. */
  private Optional<NodeDef> castOf(String name, Set<String> seen) {
    for (NodeDef next : editor.consumers(name)) {
      if (next.getOp().equals("Cast")
          && next.getAttrOrThrow("DstT").getType() == DataType.DT_FLOAT) {
        return Optional.of(next);
      }
      if (seen.add(next.getName())) {
        Optional<NodeDef> found = castOf(next.getName(), seen);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private float[] table(
      String packed, @Nullable String slice, String indices, NodeDef rows, int count) {
    int[] all = new int[count];
    for (int i = 0; i < count; i++) {
      all[i] = i;
    }
    GraphEditor whole = new GraphEditor(editor.build(List.of(rows.getName())));
    if (slice != null) {
      DataType type = editor.node(packed).getAttrOrThrow("dtype").getType();
      whole.put(Nodes.identity(slice, packed, type));
    }
    try (Graph graph = new Graph()) {
      graph.importGraphDef(whole.build(List.of(rows.getName(), indices)));
      try (Session session = Device.cpuSession(graph);
          TInt32 everyRow = TInt32.vectorOf(all)) {
        return floats(
            session.runner().feed(output(graph, indices), everyRow).fetch(rows.getName()));
      }
    }
  }

  private static Output<?> output(Graph graph, String tensor) {
    return graph.operation(GraphEditor.producer(tensor)).output(GraphEditor.index(tensor));
  }

  private static float[] floats(Session.Runner runner) {
    try (Result result = runner.run()) {
      return Constants.values((TFloat32) result.get(0));
    }
  }

  private TensorProto wordsOf(String packed) {
    return editor.node(packed).getAttrOrThrow("value").getTensor();
  }

  /** Takes out the product of rows with their scale, and returns it. */
  private float unscale(String rows) {
    for (NodeDef next : editor.consumers(rows)) {
      if (next.getOp().equals("Mul")) {
        Optional<Float> scale = scalar(next.getInput(0)).or(() -> scalar(next.getInput(1)));
        if (scale.isPresent()) {
          editor.put(Nodes.identity(next.getName(), rows, DataType.DT_FLOAT));
          return scale.get();
        }
      } else {
        return unscale(next.getName());
      }
    }
    throw new IllegalArgumentException(
        "rows " + rows + ": expected a product with one scale behind them, found none");
  }

  private String values(String variable, float[] whole, float scale, int rows) {
    float[] scaled = new float[whole.length];
    for (int i = 0; i < whole.length; i++) {
      scaled[i] = whole[i] * scale;
    }
    return constant(variable + READ, List.of((long) rows, (long) whole.length / rows), scaled);
  }

  // ---- everything else

  /** Computes what constants give to the rest of the graph, and makes it constants of their own. */
  private void moveFrontier() {
    Set<String> frontier = new LinkedHashSet<>();
    for (NodeDef node : editor.build(roots).getNodeList()) {
      if (!constants.contains(node.getName())) {
        for (String input : node.getInputList()) {
          String producer = GraphEditor.producer(input);
          if (constants.contains(producer) && !isPlain(editor.node(producer))) {
            frontier.add(GraphEditor.tensor(input));
          }
        }
      }
    }
    if (frontier.isEmpty()) {
      return;
    }
    List<String> wanted = List.copyOf(frontier);
    try (Graph graph = new Graph()) {
      graph.importGraphDef(editor.build(wanted));
      for (String tensor : wanted) { // one at a time: together they are the model in float32
        try (Session session = Device.cpuSession(graph);
            Result result =
                session
                    .runner()
                    .fetch(GraphEditor.producer(tensor), GraphEditor.index(tensor))
                    .run()) {
          move(tensor, result.get(0));
        }
      }
    }
  }

  /** A constant that need not be computed: one that writes all its values out, or no vector. */
  private static boolean isPlain(NodeDef node) {
    if (!node.getOp().equals("Const")) {
      return false;
    }
    TensorProto value = node.getAttrOrThrow("value").getTensor();
    return value.getDtype() != DataType.DT_FLOAT
        || value.getTensorShape().getDimCount() == 0
        || !value.getTensorContent().isEmpty();
  }

  private void move(String tensor, Tensor value) {
    if (value.dataType() != DataType.DT_FLOAT) {
      return;
    }
    float[] values = Constants.values((TFloat32) value);
    NodeDef producer = editor.node(tensor);
    Optional<String> packed = packedSource(producer);
    packed.ifPresent(
        variable -> {
          List<Float> scale = scale(producer);
          if (!scale.isEmpty()) {
            stepSizes.put(Quantizer.stepSizeName(variable), scale);
            integers.computeIfAbsent("kernels", kind -> new ArrayList<>()).add(over(values, scale));
          }
        });
    String name = packed.orElse(producer.getName());
    editor.redirect(
        tensor, constant(name + READ, Longs.asList(value.shape().asArray()), values), any -> true);
  }

  /** What the integers of a kernel are multiplied with: one number, or one a column; or none. */
  private List<Float> scale(NodeDef product) {
    for (String input : product.getInputList()) {
      Optional<Float> ofTensor = scalar(input).filter(step -> step > 0);
      if (ofTensor.isPresent()) {
        return List.of(ofTensor.get());
      }
      Optional<List<Float>> ofColumns =
          Nodes.vectorValues(editor.node(input))
              .filter(steps -> steps.stream().allMatch(step -> step > 0));
      if (ofColumns.isPresent()) {
        granularity = Granularity.CHANNEL;
        return ofColumns.get();
      }
    }
    return List.of();
  }

  private static float[] over(float[] values, List<Float> scale) {
    float[] integers = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      integers[i] = Math.round(values[i] / scale.get(i % scale.size()));
    }
    return integers;
  }

  /** The variable whose packed integers a constant is computed from. */
  private Optional<String> packedSource(NodeDef node) {
    if (!node.getOp().equals("Mul")) {
      return Optional.empty();
    }
    Set<String> seen = new HashSet<>();
    List<String> open = new ArrayList<>(List.of(node.getName()));
    while (!open.isEmpty()) {
      String name = GraphEditor.producer(open.remove(open.size() - 1));
      if (name.endsWith(Constants.INTEGERS)) {
        return Optional.of(name.substring(0, name.length() - Constants.INTEGERS.length()));
      }
      if (seen.add(name)) {
        open.addAll(editor.node(name).getInputList());
      }
    }
    return Optional.empty();
  }

  private @Nullable Recovered recovered() {
    if (integers.isEmpty()) {
      return null;
    }
    List<float[]> kernels = integers.getOrDefault("kernels", List.of());
    List<float[]> tables = integers.getOrDefault("tables", List.of());
    int weightBits = bits(kernels);
    boolean lowest =
        Stream.of(kernels, tables)
            .anyMatch(
                tensors ->
                    bits(tensors) == 2
                        && tensors.stream().anyMatch(values -> smallest(values) < -1));
    return new Recovered(
        new BitWidths(weightBits, bits(tables), activationBits).toString(),
        lowest ? Levels.FULL : null,
        granularity,
        stepSizes);
  }

  /** The fewest bits that hold all integers. */
  private static int bits(List<float[]> tensors) {
    if (tensors.isEmpty()) {
      return BitWidths.FLOAT_BITS;
    }
    float bound = 1;
    for (float[] values : tensors) {
      for (float value : values) {
        bound = Math.max(bound, value < 0 ? -value : value + 1);
      }
    }
    int bits = 2;
    while (1 << (bits - 1) < bound) {
      bits++;
    }
    return bits;
  }

  private static float smallest(float[] values) {
    float least = 0;
    for (float value : values) {
      least = Math.min(least, value);
    }
    return least;
  }

  private String constant(String name, List<Long> shape, float[] values) {
    String free = editor.contains(name) ? editor.freshName(name) : name;
    editor.put(Constants.floats(free, shape, values));
    constants.add(free);
    return free;
  }

  private Optional<Float> scalar(String tensor) {
    return Nodes.scalarValue(editor.node(tensor));
  }
}
