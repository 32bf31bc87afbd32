package io.squat.savedmodels;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Reads a SavedModel folder into a canonical {@link ModelGraph}. */
public final class SavedModelReader {
  private static final String DEFAULT_SIGNATURE = "serving_default";
  private static final Set<String> CONTROL_FLOW =
      Set.of("Switch", "RefSwitch", "Merge", "Enter", "Exit", "NextIteration");
  private static final List<String> POOLED = List.of("pooled_output", "pooler_output", "default");

  /**
   * What to read of a folder that holds several graphs or signatures.
   *
   * @param tags the graph's tags; null takes the only graph, or the one with the tag {@code serve}
   * @param signature the signature; null takes {@code serving_default}, or the only one
   */
  public record Choice(@Nullable Set<String> tags, @Nullable String signature) {
    /** Takes what there is, or the default. */
    public static final Choice DEFAULT = new Choice(null, null);
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
      return Rewriting.canonical(
          signatureGraph(metaGraph.getGraphDef(), signature), CheckpointKeys.of(metaGraph));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(folder + ": " + e.getMessage(), e);
    }
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
    Set<String> wanted = choice.tags() == null ? Set.of("serve") : choice.tags();
    if (graphs.size() == 1 && choice.tags() == null) {
      return graphs.get(0);
    }
    return graphs.stream()
        .filter(graph -> tags(graph).equals(wanted))
        .findFirst()
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
      wanted = signatures.size() == 1 ? signatures.keySet().iterator().next() : DEFAULT_SIGNATURE;
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

  /**
   * The signature's part of a graph without functions, every output an Identity of its own.
   *
   * <p>An Assert that the graph runs is what every output waits for, unless TF1's control flow
   * decides whether it runs.
   */
  private static ModelGraph signatureGraph(GraphDef graph, SignatureDef signature) {
    List<ModelInput> inputs = inputs(signature);
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
    ModelGraph model =
        new ModelGraph(
                flat.graph(), List.of(), inputs, outputs, pooled(sorted, outputs), null, List.of())
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

  private static List<ModelInput> inputs(SignatureDef signature) {
    Map<String, TensorInfo> infos = new TreeMap<>(signature.getInputsMap());
    List<ModelInput> inputs = new ArrayList<>();
    for (InputRole role : InputRole.values()) {
      Optional<String> key = role.find(infos.keySet());
      if (key.isPresent()) {
        String tensor = GraphEditor.tensor(require(infos, key.get()).getName());
        inputs.add(new ModelInput(key.get(), tensor, role, false));
      } else if (role != InputRole.SEGMENTS) {
        throw new IllegalArgumentException(
            "expected a BERT's signature with an input named one of "
                + role.names()
                + ", found inputs "
                + infos.keySet());
      }
    }
    return inputs;
  }

  private static String pooled(Map<String, TensorInfo> infos, Map<String, String> outputs) {
    List<String> rows =
        infos.entrySet().stream()
            .filter(entry -> entry.getValue().getTensorShape().getDimCount() == 2)
            .map(Map.Entry::getKey)
            .toList();
    return POOLED.stream()
        .filter(rows::contains)
        .findFirst()
        .or(() -> rows.size() == 1 ? Optional.of(rows.get(0)) : Optional.empty())
        .map(key -> require(outputs, key))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected a BERT's signature with one float output [B, H] named one of "
                        + POOLED
                        + ", found outputs "
                        + infos.keySet()));
  }

  private static <T> T require(Map<String, T> map, String key) {
    return Objects.requireNonNull(map.get(key), key);
  }
}
