package io.squat.savedmodels;

import com.google.common.collect.ImmutableSortedSet;
import com.google.common.collect.Maps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.StridedSlice;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;

/** Reads a SavedModel folder into a canonical {@link ModelGraph}. */
public final class SavedModelReader {
  private static final String DEFAULT_SIGNATURE = "serving_default";
  private static final List<String> SEQUENCE = List.of("sequence_output", "last_hidden_state");
  private static final Set<String> CONTROL_FLOW =
      Set.of("Switch", "RefSwitch", "Merge", "Enter", "Exit", "NextIteration");
  private static final Set<String> PLACEHOLDERS = Set.of("Placeholder", "PlaceholderV2");
  static final List<String> POOLED = List.of("pooled_output", "pooler_output", "default");
  private static final List<String> CLASSIFIED = List.of("logits");
  private static final List<String> SCORED = List.of("score", "logits");

  /** What token classifiers and masked language models call the scores [B, T, C] of tokens. */
  private static final Set<String> TOKEN_SCORES = Set.of("logits", "prediction_logits");

  /**
   * What to read of a folder that holds several graphs or signatures.
   *
   * @param tags the graph's tags; null takes the only graph, or the one with the tag {@code serve},
   *     or the one without tags
   * @param signature the signature; null takes {@code serving_default}, or the only one that has
   *     ids, mask and maybe segments
   * @param inputs the names of inputs that do not have a usual one, by role
   */
  public record Choice(
      @Nullable Set<String> tags, @Nullable String signature, Map<InputRole, String> inputs) {
    /** Takes what there is, or the default. */
    public static final Choice DEFAULT = new Choice(null, null, Map.of());

    /** Copies the names, so that a choice is one text however it was made. */
    public Choice {
      tags = tags == null ? null : ImmutableSortedSet.copyOf(tags);
      inputs = Maps.immutableEnumMap(inputs);
    }
  }

  private SavedModelReader() {}

  /**
   * Reads a SavedModel's graph; its values stay in its checkpoint.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param choice which graph and signature
   * @throws IllegalArgumentException if the folder is no SavedModel, its files are incomplete, the
   *     choice does not exist, or the signature is not a BERT's; the message names what was found
   */
  public static ModelGraph read(Path folder, Choice choice) {
    ModelGraph model = readGraph(folder, choice);
    if (!model.variables().isEmpty()) {
      SavedModelFiles.checkVariables(folder);
      long bytes = model.variables().stream().mapToLong(ModelVariable::size).sum() * Float.BYTES;
      SavedModelFiles.checkDataSize(folder, bytes);
    }
    return model;
  }

  /**
   * Reads a SavedModel's graph, whether or not its checkpoint is there.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param choice which graph and signature
   * @throws IllegalArgumentException as {@link #read}, but for the variables' files
   */
  public static ModelGraph readGraph(Path folder, Choice choice) {
    SavedModel savedModel = SavedModelFiles.parse(folder);
    MetaGraphDef metaGraph = metaGraph(folder, savedModel, choice);
    SignatureDef signature = signature(folder, metaGraph, choice);
    try {
      AllowedOps.checkSignature(metaGraph, signature);
      ModelGraph read = signatureGraph(metaGraph.getGraphDef(), signature, choice);
      FloatProducts.check(read);
      ModelGraph model = Rewriting.canonical(read, CheckpointKeys.of(metaGraph));
      requireInputsOnly(model, signature);
      requireTokens(model);
      return model;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(folder + ": " + e.getMessage(), e);
    }
  }

  /** Checks that nothing has to be fed but what has a role. */
  private static void requireInputsOnly(ModelGraph model, SignatureDef signature) {
    Set<String> known = model.inputs().stream().map(ModelInput::tensor).collect(Collectors.toSet());
    for (NodeDef node : model.graph().getNodeList()) {
      if (PLACEHOLDERS.contains(node.getOp()) && !known.contains(node.getName())) {
        String key =
            new TreeMap<>(signature.getInputsMap())
                .entrySet().stream()
                    .filter(
                        input ->
                            GraphEditor.producer(input.getValue().getName()).equals(node.getName()))
                    .map(input -> "input " + input.getKey())
                    .findFirst()
                    .orElse("placeholder");
        throw new IllegalArgumentException(
            key
                + " (node "
                + node.getName()
                + "): expected outputs that need no inputs but ids, mask and segments, found that they"
                + " need this one too; save the model with a signature without it");
      }
    }
  }

  /** Checks that the first token is one of an encoder's, not of scores made of it. */
  private static void requireTokens(ModelGraph model) {
    if (model.outputs().containsValue(model.pooledOutput())) {
      return;
    }
    GraphEditor graph = model.edit();
    String tokens = GraphEditor.input(graph.node(model.pooledOutput()), 0);
    model
        .outputs()
        .forEach(
            (key, output) -> {
              boolean scores =
                  output.equals(tokens)
                      && !SEQUENCE.contains(key)
                      && (TOKEN_SCORES.contains(key) || OwnHead.isScores(model, output));
              if (scores) {
                throw new IllegalArgumentException(
                    "output "
                        + key
                        + ": expected the representation of tokens, such as "
                        + String.join(" or ", SEQUENCE)
                        + ", found the scores of a head, as of a token classifier or a masked language"
                        + " model; save the encoder without its head");
              }
            });
  }

  /**
   * The graph that was chosen of those in a SavedModel.
   *
   * @param folder the folder, for the message
   * @param savedModel what {@link SavedModelFiles#parse} read
   * @param choice which graph
   * @throws IllegalArgumentException if there is no such graph; the message lists those there are
   */
  public static MetaGraphDef metaGraph(Path folder, SavedModel savedModel, Choice choice) {
    List<MetaGraphDef> graphs = savedModel.getMetaGraphsList();
    if (graphs.size() == 1 && choice.tags() == null) {
      return graphs.get(0);
    }
    Set<String> wanted = choice.tags() == null ? Set.of("serve") : choice.tags();
    return tagged(graphs, wanted)
        .or(() -> choice.tags() == null ? tagged(graphs, Set.of()) : Optional.empty())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    folder
                        + ": expected a graph with tags "
                        + wanted
                        + ", found "
                        + graphs.stream().map(SavedModelReader::tags).toList()
                        + "; choose one by --tags"));
  }

  /**
   * What the signatures of a SavedModel take and give, one a line, by name.
   *
   * <pre>serving_default: input_ids int32 [-1, -1], ... gives logits float32 [-1, 2], ...</pre>
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param choice which graph
   * @throws IllegalArgumentException as {@link #readGraph}
   */
  public static List<String> signatures(Path folder, Choice choice) {
    MetaGraphDef graph = metaGraph(folder, SavedModelFiles.parse(folder), choice);
    List<String> lines = new ArrayList<>();
    new TreeMap<>(graph.getSignatureDefMap())
        .forEach(
            (name, signature) -> {
              if (signature.getInputsCount() > 0) {
                lines.add(
                    name
                        + ": "
                        + tensors(signature.getInputsMap())
                        + " gives "
                        + tensors(signature.getOutputsMap()));
              }
            });
    return lines;
  }

  private static String tensors(Map<String, TensorInfo> tensors) {
    List<String> texts = new ArrayList<>();
    new TreeMap<>(tensors)
        .forEach(
            (key, tensor) ->
                texts.add(
                    key
                        + " "
                        + tensor.getDtype().name().replaceFirst("^DT_", "").toLowerCase(Locale.ROOT)
                        + " "
                        + (tensor.getTensorShape().getUnknownRank()
                            ? "of any shape"
                            : tensor.getTensorShape().getDimList().stream()
                                .map(TensorShapeProto.Dim::getSize)
                                .toList())));
    return String.join(", ", texts);
  }

  private static Optional<MetaGraphDef> tagged(List<MetaGraphDef> graphs, Set<String> tags) {
    return graphs.stream().filter(graph -> tags(graph).equals(tags)).findFirst();
  }

  private static Set<String> tags(MetaGraphDef graph) {
    return new TreeSet<>(graph.getMetaInfoDef().getTagsList());
  }

  /**
   * The signature that was chosen of those of a graph.
   *
   * @param folder the folder, for the message
   * @param graph what {@link #metaGraph} gave
   * @param choice which signature
   * @throws IllegalArgumentException if there is no such signature; the message lists those there
   *     are
   */
  public static SignatureDef signature(Path folder, MetaGraphDef graph, Choice choice) {
    Map<String, SignatureDef> signatures = new TreeMap<>(graph.getSignatureDefMap());
    signatures.values().removeIf(signature -> signature.getInputsCount() == 0);
    String wanted = choice.signature();
    if (wanted == null) {
      List<String> fitting =
          signatures.keySet().stream()
              .filter(
                  key -> signatures.size() == 1 || fits(require(signatures, key), choice.inputs()))
              .toList();
      boolean one = !signatures.containsKey(DEFAULT_SIGNATURE) && fitting.size() == 1;
      wanted = one ? fitting.get(0) : DEFAULT_SIGNATURE;
    }
    SignatureDef found = signatures.get(wanted);
    if (found == null) {
      throw new IllegalArgumentException(
          folder
              + ": expected a signature "
              + wanted
              + ", found "
              + signatures.keySet()
              + "; choose one by --signature");
    }
    return found;
  }

  /** Whether a signature has the inputs of an encoder, and no others. */
  private static boolean fits(SignatureDef signature, Map<InputRole, String> named) {
    try {
      return inputs(signature, named).size() == signature.getInputsCount();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * The signature's part of a graph without functions, every output an Identity of its own.
   *
   * <p>An Assert that the graph runs is what every output waits for, unless TF1's control flow
   * decides whether it runs.
   */
  static ModelGraph signatureGraph(GraphDef graph, SignatureDef signature, Choice choice) {
    List<ModelInput> inputs = inputs(signature, choice.inputs());
    Map<String, TensorInfo> sorted = new TreeMap<>(signature.getOutputsMap());
    List<String> roots = new ArrayList<>();
    inputs.forEach(input -> roots.add(input.tensor()));
    sorted.values().forEach(info -> roots.add(info.getName()));
    FunctionInliner.Flat flat = FunctionInliner.inline(graph, roots, Set.of("Assert"));
    GraphEditor editor = new GraphEditor(flat.graph());
    List<String> asserts =
        flat.effects().stream().filter(name -> !underControlFlow(editor, name)).toList();
    Map<String, String> outputs = new LinkedHashMap<>();
    sorted.forEach(
        (key, info) -> {
          String name = editor.freshName("outputs/" + key);
          NodeDef.Builder output =
              Nodes.identity(name, flat.tensor(info.getName()), info.getDtype()).toBuilder();
          asserts.forEach(node -> output.addInput("^" + node));
          editor.put(output.build());
          outputs.put(key, name);
        });
    String pooled = pooled(editor, sorted, outputs);
    ModelGraph model =
        new ModelGraph(flat.graph(), List.of(), inputs, outputs, pooled, null, List.of())
            .with(editor);
    requireFlat(model);
    return model;
  }

  private static boolean underControlFlow(GraphEditor graph, String node) {
    Set<String> switches =
        graph.nodes().stream()
            .filter(any -> CONTROL_FLOW.contains(any.getOp()))
            .map(NodeDef::getName)
            .collect(Collectors.toSet());
    return graph.dependsOn(node, switches);
  }

  private static void requireFlat(ModelGraph model) {
    for (NodeDef node : model.graph().getNodeList()) {
      boolean calls =
          node.getAttrMap().values().stream()
              .anyMatch(value -> value.hasFunc() || value.getList().getFuncCount() > 0);
      if (calls || CONTROL_FLOW.contains(node.getOp())) {
        throw new IllegalArgumentException(
            "node "
                + node.getName()
                + ": expected a graph without control flow, found "
                + node.getOp()
                + "; save the model for inference (training=False)");
      }
    }
  }

  private static List<ModelInput> inputs(SignatureDef signature, Map<InputRole, String> named) {
    Map<String, TensorInfo> infos = new TreeMap<>(signature.getInputsMap());
    List<ModelInput> inputs = new ArrayList<>();
    for (InputRole role : InputRole.values()) {
      role.find(infos.keySet(), named.get(role))
          .ifPresent(
              key -> {
                String tensor = GraphEditor.tensor(require(infos, key).getName());
                inputs.add(new ModelInput(key, tensor, role, false));
              });
    }
    if (inputs.stream().map(ModelInput::key).distinct().count() < inputs.size()) {
      throw new IllegalArgumentException(
          "expected different inputs for ids, mask and segments, found "
              + inputs.stream().map(ModelInput::key).toList());
    }
    return inputs;
  }

  /**
   * The representation of a row: an output [B, H] by its usual name, or the only one; else the
   * first token of the output [B, T, H]; else the output [B] of a regression.
   */
  private static String pooled(
      GraphEditor editor, Map<String, TensorInfo> infos, Map<String, String> outputs) {
    Optional<String> rows = output(infos, 2, POOLED).or(() -> output(infos, 2, CLASSIFIED));
    if (rows.isPresent()) {
      return require(outputs, rows.get());
    }
    Optional<String> sequences = output(infos, 3, SEQUENCE);
    if (sequences.isEmpty()) {
      return output(infos, 1, SCORED)
          .map(key -> require(outputs, key))
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "expected a BERT's signature with one float output [B, H], named one of "
                          + POOLED
                          + " if there are several, or one [B, T, H], found outputs "
                          + infos.keySet()));
    }
    String sequence = require(outputs, sequences.get());
    return Fragment.add(
            editor,
            "first_token",
            List.of(new Fragment.Input(sequence, DataType.DT_FLOAT, Shape.unknown())),
            (tf, in) ->
                List.of(
                    tf.stridedSlice(
                        in.get(0).asOutput().expect(TFloat32.class),
                        tf.constant(new int[] {0, 0}),
                        tf.constant(new int[] {0, 1}),
                        tf.constant(new int[] {1, 1}),
                        StridedSlice.beginMask(1L),
                        StridedSlice.endMask(1L),
                        StridedSlice.shrinkAxisMask(2L))))
        .get(0);
  }

  /** The float output of a rank, by one of its usual names, or the only one. */
  private static Optional<String> output(
      Map<String, TensorInfo> infos, int rank, List<String> names) {
    List<String> keys =
        infos.entrySet().stream()
            .filter(entry -> entry.getValue().getDtype() == DataType.DT_FLOAT)
            .filter(entry -> entry.getValue().getTensorShape().getDimCount() == rank)
            .map(Map.Entry::getKey)
            .toList();
    return names.stream()
        .filter(keys::contains)
        .findFirst()
        .or(() -> keys.size() == 1 ? Optional.of(keys.get(0)) : Optional.empty());
  }

  private static <T> T require(Map<String, T> map, String key) {
    return Objects.requireNonNull(map.get(key), key);
  }
}
