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
      return Rewriting.apply(
          signatureGraph(metaGraph.getGraphDef(), signature), Rewriting.CANONICAL);
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

  /** The signature's part of a graph, data inputs only, every output an Identity of its own. */
  private static ModelGraph signatureGraph(GraphDef graph, SignatureDef signature) {
    List<ModelInput> inputs = inputs(signature);
    GraphEditor editor = new GraphEditor(dataOnly(graph));
    Map<String, String> outputs = new LinkedHashMap<>();
    Map<String, TensorInfo> sorted = new TreeMap<>(signature.getOutputsMap());
    sorted.forEach(
        (key, info) -> {
          String name = editor.freshName("outputs/" + key);
          editor.put(Nodes.identity(name, GraphEditor.tensor(info.getName()), info.getDtype()));
          outputs.put(key, name);
        });
    return new ModelGraph(
            graph, List.of(), inputs, outputs, pooled(sorted, outputs), null, List.of())
        .with(editor);
  }

  /**
   * The graph without control inputs and colocations. What is lost is the Assert that BERT's code
   * hangs on its position table; the Slice behind it refuses the same inputs.
   */
  private static GraphDef dataOnly(GraphDef graph) {
    GraphDef.Builder data = GraphDef.newBuilder().setVersions(graph.getVersions());
    for (NodeDef node : graph.getNodeList()) {
      NodeDef.Builder kept = node.toBuilder().removeAttr("_class").clearInput();
      node.getInputList().stream().filter(input -> !input.startsWith("^")).forEach(kept::addInput);
      data.addNode(kept);
    }
    return data.build();
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
