package io.squat.savedmodels;

import io.squat.ops.BitWidths;
import io.squat.ops.QuantizationGrid;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;

/**
 * What a model holds and what would be quantized of it.
 *
 * @param sha256 {@link SavedModelFiles#hash} of the SavedModel, which settings of runs have too;
 *     null if only a graph is looked at
 * @param signatures what each signature of the SavedModel takes and gives; none if only a graph is
 *     looked at
 * @param inputs the chosen signature's inputs: key, role and type
 * @param outputs the signature's outputs
 * @param vocabulary rows of the word embeddings; -1 if there are none
 * @param positions the most tokens of a row; -1 if no table limits them
 * @param attentionBlocks how many attention blocks there are
 * @param heads heads of an attention block; -1 if the graph does not tell before it runs
 * @param layerNorms how many layer norms there are
 * @param activation what stands between the two layers of a feed-forward block
 * @param dropoutSites tensors that training drops parts of, but for a new head's input
 * @param pooled what a task head is put on, by its output or as the first token
 * @param parameters how many numbers the model has
 * @param layers the linear layers
 * @param tables the embedding tables
 * @param floating what stays float, and why
 * @param floatBytes of all parameters in float32
 * @param quantizedBytes of all parameters at the asked bits, and of the step sizes
 */
public record Inspection(
    @Nullable String sha256,
    List<String> signatures,
    List<String> inputs,
    List<String> outputs,
    int vocabulary,
    int positions,
    int attentionBlocks,
    int heads,
    int layerNorms,
    String activation,
    int dropoutSites,
    String pooled,
    long parameters,
    List<Part> layers,
    List<Part> tables,
    Map<String, Long> floating,
    long floatBytes,
    long quantizedBytes) {

  /** Layer norms have one of these each: Keras fuses those whose epsilon is large enough. */
  private static final Set<String> NORMS = Set.of("Rsqrt", "FusedBatchNormV3");

  /**
   * A trained matrix.
   *
   * @param variable its name
   * @param shape its dimensions
   * @param bits how many a number would have
   */
  public record Part(String variable, List<Long> shape, int bits) {
    private long size() {
      return ModelVariable.size(shape);
    }
  }

  /**
   * Looks at a canonical model.
   *
   * @param model the model
   * @param quantization what would be quantized
   * @throws IllegalArgumentException if it is no transformer encoder
   */
  public static Inspection of(ModelGraph model, Quantization quantization) {
    BertStructure structure = BertStructure.of(model);
    Set<String> kernels = new LinkedHashSet<>();
    structure.layers().forEach(layer -> kernels.add(layer.weight()));
    Set<String> tables = new LinkedHashSet<>();
    structure.embeddings().forEach(lookup -> tables.add(lookup.table()));
    List<Part> layerParts = parts(model, kernels, bits(quantization, Quantizer.Kind.WEIGHT));
    List<Part> tableParts = parts(model, tables, bits(quantization, Quantizer.Kind.EMBEDDING));
    Map<String, Long> floating = new LinkedHashMap<>();
    for (ModelVariable variable : model.variables()) {
      if (!kernels.contains(variable.name()) && !tables.contains(variable.name())) {
        floating.merge(whyFloat(model, variable), variable.size(), Long::sum);
      }
    }
    long parameters = model.variables().stream().mapToLong(ModelVariable::size).sum();
    List<Part> all = new ArrayList<>(layerParts);
    all.addAll(tableParts);
    long quantized = all.stream().mapToLong(part -> part.size() * part.bits()).sum();
    long numbers = all.stream().mapToLong(Part::size).sum();
    return new Inspection(
        null,
        List.of(),
        model.inputs().stream()
            .map(
                input ->
                    input.key()
                        + " ("
                        + input.role()
                        + ", "
                        + (input.wide() ? "int64" : "int32")
                        + ")")
            .toList(),
        model.outputs().keySet().stream().sorted().toList(),
        structure.vocabularySize(model).orElse(-1),
        structure.positions(model).orElse(-1),
        structure.attentionProbabilities().size(),
        heads(model, structure),
        (int)
            model.graph().getNodeList().stream()
                .filter(node -> NORMS.contains(node.getOp()))
                .count(),
        activation(model, structure),
        1 + structure.attentionProbabilities().size() + structure.blockOutputs().size(),
        pooled(model),
        parameters,
        layerParts,
        tableParts,
        floating,
        parameters * Float.BYTES,
        (quantized
                + (parameters - numbers + steps(model, structure, quantization))
                    * BitWidths.FLOAT_BITS)
            / Byte.SIZE);
  }

  /** How many step sizes there would be. */
  private static long steps(ModelGraph model, BertStructure structure, Quantization quantization) {
    return new AddQuantizers(quantization, structure)
        .apply(model).variables().stream()
            .filter(variable -> variable.group() == VariableGroup.STEP_SIZES)
            .mapToLong(ModelVariable::size)
            .sum();
  }

  /** The same with the hash and the signatures of the SavedModel that the graph is from. */
  public Inspection ofFile(String hash, List<String> found) {
    return new Inspection(
        hash,
        List.copyOf(found),
        inputs,
        outputs,
        vocabulary,
        positions,
        attentionBlocks,
        heads,
        layerNorms,
        activation,
        dropoutSites,
        pooled,
        parameters,
        layers,
        tables,
        floating,
        floatBytes,
        quantizedBytes);
  }

  private static String whyFloat(ModelGraph model, ModelVariable variable) {
    if (variable.shape().size() < 2) {
      return "biases and layer norms: vectors stay float";
    }
    if (OwnHead.of(model).filter(head -> head.weight().equals(variable.name())).isPresent()) {
      return "the model's own classifier: heads stay float";
    }
    String users =
        model.edit().consumers(variable.read()).stream()
            .map(node -> node.getOp() + (isTransposed(node) ? " (transposed)" : ""))
            .distinct()
            .sorted()
            .collect(Collectors.joining(", "));
    return "matrices of no linear layer or table, read by " + users;
  }

  private static boolean isTransposed(NodeDef node) {
    return node.getAttrOrDefault("transpose_b", AttrValue.getDefaultInstance()).getB()
        || node.getAttrOrDefault("adj_y", AttrValue.getDefaultInstance()).getB();
  }

  /** From the shape of the attention probabilities, float32 [B, N, T, T]. */
  private static int heads(ModelGraph model, BertStructure structure) {
    Shape shape = TensorShapes.of(model, List.of(structure.attentionProbabilities().get(0))).get(0);
    return shape.numDimensions() == 4 ? (int) shape.get(1) : -1;
  }

  /** The ops between the first block output's layer and the layers in front of it. */
  private static String activation(ModelGraph model, BertStructure structure) {
    Set<String> outputs = new LinkedHashSet<>();
    structure.layers().forEach(layer -> outputs.add(GraphEditor.producer(layer.output())));
    Set<String> found = new LinkedHashSet<>();
    GraphEditor graph = model.edit();
    for (LinearLayer layer : structure.layers()) {
      if (structure.blockOutputs().contains(layer.output())) {
        Set<String> ops = graph.opsBetween(layer.input(), outputs);
        if (!ops.contains("Softmax")) {
          found.add(activation(ops));
        }
      }
    }
    return String.join(", ", found);
  }

  private static String activation(Set<String> ops) {
    if (ops.contains("Erf")) {
      return "GELU (erf)";
    }
    if (ops.contains("Tanh")) {
      return "GELU (tanh)";
    }
    return ops.contains("Relu") ? "ReLU" : "of " + String.join(", ", ops);
  }

  private static String pooled(ModelGraph model) {
    return model.outputs().entrySet().stream()
        .filter(entry -> entry.getValue().equals(model.pooledOutput()))
        .map(Map.Entry::getKey)
        .min(Comparator.naturalOrder())
        .orElse("the first token, as there is no pooler");
  }

  private static int bits(Quantization quantization, Quantizer.Kind kind) {
    return quantization.grid(kind).map(QuantizationGrid::bits).orElse(BitWidths.FLOAT_BITS);
  }

  private static List<Part> parts(ModelGraph model, Set<String> variables, int bits) {
    return variables.stream()
        .map(name -> new Part(name, model.variable(name).shape(), bits))
        .toList();
  }

  /** Prints for a reader: layers of one shape together. */
  public void print(PrintWriter out) {
    if (sha256 != null) {
      out.println("sha256:  " + sha256 + " (graph and checksums of the variables)");
    }
    if (!signatures.isEmpty()) {
      out.println("signatures:");
      signatures.forEach(signature -> out.println("  " + signature));
    }
    out.println("inputs:  " + String.join(", ", inputs));
    out.println("outputs: " + String.join(", ", outputs));
    out.printf(
        Locale.ROOT,
        "encoder: %d attention blocks of %s heads, %d layer norms, %s; vocabulary %s, positions %s,"
            + " %.3f M parameters%n",
        attentionBlocks,
        known(heads),
        layerNorms,
        activation,
        known(vocabulary),
        known(positions),
        parameters / 1e6);
    out.printf(
        Locale.ROOT,
        "a task head is put on, or is: %s; dropout in training: %d sites%n",
        pooled,
        dropoutSites);
    out.println("quantized:");
    print(out, "linear layer", layers);
    print(out, "table", tables);
    out.println("float:");
    floating.forEach(
        (why, count) -> out.printf(Locale.ROOT, "  %-44s %10.3f M%n", why, count / 1e6));
    out.printf(
        Locale.ROOT,
        "parameters in float32 %.2f MB, at these bits %.2f MB%n",
        floatBytes / 1e6,
        quantizedBytes / 1e6);
  }

  private static String known(int count) {
    return count < 0 ? "unknown" : String.valueOf(count);
  }

  private static void print(PrintWriter out, String kind, List<Part> parts) {
    Map<String, List<Part>> byShape = new TreeMap<>();
    parts.forEach(
        part ->
            byShape
                .computeIfAbsent(
                    part.shape() + " at " + part.bits() + " bits", key -> new ArrayList<>())
                .add(part));
    byShape.forEach(
        (shape, same) ->
            out.printf(
                Locale.ROOT,
                "  %3d x %-12s %-26s %10.3f M%n",
                same.size(),
                kind,
                shape,
                same.stream().mapToLong(Part::size).sum() / 1e6));
  }
}
