package io.squat.savedmodels;

import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.NodeDef;

/**
 * What the parts of a canonical graph are, found by what they compute and not by their names.
 *
 * <ul>
 *   <li>A linear layer multiplies a rank-2 activation with one variable of rank 2.
 *   <li>An embedding lookup takes rows of a variable of rank 2, by GatherV2, Slice, StridedSlice,
 *       or the product of a OneHot.
 *   <li>Attention probabilities are a Softmax that goes into a batched product of two activations.
 *   <li>A block's output is a linear layer's output that is added to that layer's input, or to
 *       something that does not come from it: the residual connection.
 *   <li>The embeddings' output is what the first linear layers and the first residual connection
 *       read.
 * </ul>
 *
 * @param layers the linear layers, in the order of the graph; a task head is not among them
 * @param embeddings the embedding lookups
 * @param attentionProbabilities float32 [B, N, T, T], one tensor an attention block
 * @param blockOutputs float32 [B * T, H], before the residual connection
 * @param embeddingOutput float32 [B, T, H] or [B * T, H]
 */
public record BertStructure(
    List<LinearLayer> layers,
    List<EmbeddingLookup> embeddings,
    List<String> attentionProbabilities,
    List<String> blockOutputs,
    String embeddingOutput) {

  private static final Set<String> ADDITIONS = Set.of("Add", "AddV2");
  static final Set<String> BATCHED_PRODUCTS =
      Set.of("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3");

  /** Ops that sum over an axis of two tensors. */
  static final Set<String> PRODUCTS =
      ImmutableSet.<String>builder().addAll(BATCHED_PRODUCTS).add("MatMul", "Einsum").build();

  private static final Set<String> MASKS = Set.of("Select", "SelectV2");

  /** Ops whose result has the values of their first input in the same order. */
  static final Set<String> SAME_VALUES = Set.of("Reshape", "Identity", "Squeeze", "ExpandDims");

  /** Copies the lists. */
  public BertStructure {
    layers = List.copyOf(layers);
    embeddings = List.copyOf(embeddings);
    attentionProbabilities = List.copyOf(attentionProbabilities);
    blockOutputs = List.copyOf(blockOutputs);
  }

  /**
   * The number of words that the model has embeddings for: the rows of the largest table that ids
   * choose the rows of.
   *
   * @param model the model of this structure
   * @return empty if there is no such table
   */
  public OptionalInt vocabularySize(ModelGraph model) {
    return embeddings.stream()
        .filter(lookup -> lookup.role() == InputRole.IDS)
        .mapToInt(lookup -> rows(model, lookup))
        .max();
  }

  /**
   * The most tokens that a row may have: the rows of the largest table that no input chooses the
   * rows of, less those in front of the first token's, as RoBERTa's table has two. (Smaller ones
   * are the only segment of a model without segments, or distances in attention.)
   *
   * @param model the model of this structure
   * @return empty if there is no such table
   */
  public OptionalInt positions(ModelGraph model) {
    GraphEditor graph = model.edit();
    return embeddings.stream()
        .filter(lookup -> lookup.role() == null)
        .mapToInt(lookup -> rows(model, lookup) - FirstPosition.of(graph, lookup))
        .max();
  }

  private static int rows(ModelGraph model, EmbeddingLookup lookup) {
    return Math.toIntExact(model.variable(lookup.table()).shape().get(0));
  }

  /** The inputs of the linear layers, each once. */
  public List<String> layerInputs() {
    return layers.stream().map(LinearLayer::input).distinct().toList();
  }

  /**
   * Finds the structure of a canonical graph.
   *
   * @throws IllegalArgumentException if the graph has no attention, no embedding or no linear
   *     layer, or a product of activations with a kernel that is no linear layer: it would stay
   *     float without a word
   */
  public static BertStructure of(ModelGraph model) {
    return new Finder(model).find();
  }

  private static final class Finder {
    private final ModelGraph model;
    private final GraphEditor graph;
    private final Map<String, ModelVariable> reads = new LinkedHashMap<>();
    private final @Nullable String headWeight;

    Finder(ModelGraph model) {
      this.model = model;
      this.graph = model.edit();
      model.variables().forEach(variable -> reads.put(variable.read(), variable));
      TaskHead head = model.head();
      headWeight =
          head != null ? head.weight() : OwnHead.of(model).map(LinearLayer::weight).orElse(null);
    }

    BertStructure find() {
      List<LinearLayer> layers = new ArrayList<>();
      List<EmbeddingLookup> embeddings = new ArrayList<>();
      List<String> probabilities = new ArrayList<>();
      for (NodeDef node : graph.nodes()) {
        layer(node).ifPresent(layers::add);
        lookup(node).ifPresent(embeddings::add);
        if (isAttention(node)) {
          probabilities.add(node.getName());
        }
      }
      require(!embeddings.isEmpty(), "an embedding table that rows are taken from");
      require(!layers.isEmpty(), "a product of activations with a trained matrix");
      require(!probabilities.isEmpty(), "a softmax that goes into a batched product (attention)");
      requireNoOtherKernels(layers, embeddings);
      return new BertStructure(
          layers, embeddings, probabilities, blockOutputs(layers), embeddingOutput(layers));
    }

    /**
     * Checks that what the representation of a row comes from multiplies activations with
     * activations, as attention does, or with the kernels of linear layers. Activations are what
     * comes from looked-up ids; a kernel is made of a variable of at least two axes by anything but
     * a lookup or a product. A product with rows that are looked up by distance is none with a
     * kernel.
     */
    private void requireNoOtherKernels(List<LinearLayer> layers, List<EmbeddingLookup> embeddings) {
      Set<String> known = new HashSet<>();
      layers.forEach(layer -> known.add(layer.product()));
      Set<String> activations = new HashSet<>();
      for (EmbeddingLookup lookup : embeddings) {
        known.add(lookup.node());
        if (lookup.role() == InputRole.IDS) {
          activations.add(lookup.node());
        }
      }
      Map<String, String> kernels = new HashMap<>(); // the variable by what is made of it
      for (NodeDef node : graph.build(List.of(model.pooledOutput())).getNodeList()) {
        List<String> inputs = GraphEditor.SHAPES.contains(node.getOp()) ? List.of() : sources(node);
        if (inputs.stream().anyMatch(activations::contains)) {
          activations.add(node.getName());
        }
        boolean isProduct = PRODUCTS.contains(node.getOp());
        if (!isProduct && !known.contains(node.getName())) {
          kernel(node, inputs, kernels).ifPresent(name -> kernels.put(node.getName(), name));
        }
        if (isProduct && !known.contains(node.getName()) && inputs.size() == 2) {
          requireNoKernel(node, inputs.get(0), inputs.get(1), activations, kernels);
          requireNoKernel(node, inputs.get(1), inputs.get(0), activations, kernels);
        }
      }
    }

    private static List<String> sources(NodeDef node) {
      return node.getInputList().stream()
          .filter(input -> !input.startsWith("^"))
          .map(GraphEditor::producer)
          .toList();
    }

    private Optional<String> kernel(
        NodeDef node, List<String> inputs, Map<String, String> kernels) {
      ModelVariable variable = reads.get(node.getName());
      return variable != null
          ? Optional.of(variable.name()).filter(name -> variable.shape().size() > 1)
          : inputs.stream().filter(kernels::containsKey).map(kernels::get).findFirst();
    }

    private void requireNoKernel(
        NodeDef product,
        String activation,
        String other,
        Set<String> activations,
        Map<String, String> kernels) {
      String kernel = kernels.get(other);
      if (activations.contains(activation)
          && !activations.contains(other)
          && kernel != null
          && !kernel.equals(headWeight)) {
        throw new IllegalArgumentException(
            "node "
                + product.getName()
                + ": expected a product of activations with a kernel [in, out] as it was saved,"
                + " found "
                + product.getOp()
                + " with variable "
                + kernel
                + " changed or turned; the layer would stay float: save the model with kernels [in,"
                + " out]");
      }
    }

    private void require(boolean found, String what) {
      if (!found) {
        throw new IllegalArgumentException(
            "the model is not a transformer encoder: expected "
                + what
                + ", found none in the graph of outputs "
                + model.outputs().keySet().stream().sorted().toList());
      }
    }

    private @Nullable ModelVariable matrix(NodeDef node, int input) {
      if (node.getInputCount() <= input) {
        return null;
      }
      ModelVariable variable = reads.get(GraphEditor.input(node, input));
      return variable != null && variable.shape().size() == 2 ? variable : null;
    }

    private Optional<LinearLayer> layer(NodeDef node) {
      ModelVariable weight = node.getOp().equals("MatMul") ? matrix(node, 1) : null;
      if (weight == null
          || node.getAttrOrThrow("transpose_a").getB()
          || node.getAttrOrThrow("transpose_b").getB()
          || isOneHot(node)
          || weight.name().equals(headWeight)) {
        return Optional.empty();
      }
      Optional<NodeDef> bias =
          graph.onlyConsumer(node.getName()).filter(next -> next.getOp().equals("BiasAdd"));
      String biasVariable =
          bias.map(next -> reads.get(GraphEditor.input(next, 1)))
              .map(ModelVariable::name)
              .orElse(null);
      String output = biasVariable != null ? bias.orElseThrow().getName() : node.getName();
      return Optional.of(
          new LinearLayer(
              node.getName(), GraphEditor.input(node, 0), weight.name(), biasVariable, output));
    }

    private boolean isOneHot(NodeDef product) {
      return graph.node(sourceOfSameValues(GraphEditor.input(product, 0))).getOp().equals("OneHot");
    }

    private Optional<EmbeddingLookup> lookup(NodeDef node) {
      int input =
          switch (node.getOp()) {
            case "GatherV2", "Slice" -> 0;
            case "StridedSlice" -> keepsAxes(node) ? 0 : -1;
            case "MatMul" -> isOneHot(node) ? 1 : -1;
            default -> -1;
          };
      ModelVariable table = input < 0 ? null : matrix(node, input);
      return table == null
          ? Optional.empty()
          : Optional.of(
              new EmbeddingLookup(node.getName(), table.name(), input, role(node, 1 - input)));
    }

    private static boolean keepsAxes(NodeDef slice) {
      return slice.getAttrOrThrow("shrink_axis_mask").getI() == 0
          && slice.getAttrOrThrow("new_axis_mask").getI() == 0
          && slice.getAttrOrThrow("ellipsis_mask").getI() == 0;
    }

    /**
     * Which input's values choose the rows. Those of positions depend on shapes, or on where the
     * ids are padding, but are not the ids.
     */
    private @Nullable InputRole role(NodeDef node, int indices) {
      String tensor = GraphEditor.input(node, indices);
      Optional<ModelInput> ids = model.input(InputRole.IDS);
      if (ids.isPresent()) {
        String source = GraphEditor.producer(ids.get().tensor());
        if (graph.valuesDependOn(tensor, source)
            && !graph.opsBetween(tensor, Set.of(source)).contains("Cumsum")) {
          return InputRole.IDS;
        }
      }
      Optional<ModelInput> segments = model.input(InputRole.SEGMENTS);
      return segments.isPresent()
              && graph.valuesDependOn(tensor, GraphEditor.producer(segments.get().tensor()))
          ? InputRole.SEGMENTS
          : null;
    }

    private boolean isAttention(NodeDef node) {
      return node.getOp().equals("Softmax") && goesIntoProduct(node.getName());
    }

    /** A mask may set some of the probabilities to zero on the way. */
    private boolean goesIntoProduct(String tensor) {
      return graph.consumers(tensor).stream()
          .anyMatch(
              next ->
                  BATCHED_PRODUCTS.contains(next.getOp())
                      || ((MASKS.contains(next.getOp()) || SAME_VALUES.contains(next.getOp()))
                          && goesIntoProduct(next.getName())));
    }

    private List<String> blockOutputs(List<LinearLayer> layers) {
      List<String> found = new ArrayList<>();
      for (LinearLayer layer : layers) {
        if (addedToResidual(layer.output(), layer)) {
          found.add(layer.output());
        }
      }
      return found;
    }

    private boolean addedToResidual(String tensor, LinearLayer layer) {
      String source = GraphEditor.producer(layer.input());
      for (GraphEditor.Use use : graph.uses(tensor)) {
        NodeDef next = graph.node(use.node());
        if (ADDITIONS.contains(next.getOp())) {
          String other = GraphEditor.input(next, 1 - use.index());
          boolean bypasses =
              GraphEditor.producer(other).equals(source)
                  || !graph.dependsOn(other, Set.of(source, layer.product()));
          if (!isConstant(other) && bypasses) {
            return true;
          }
        } else if (SAME_VALUES.contains(next.getOp())
            && use.index() == 0
            && addedToResidual(next.getName(), layer)) {
          return true;
        }
      }
      return false;
    }

    private boolean isConstant(String tensor) {
      return reads.containsKey(tensor) || graph.node(tensor).getOp().equals("Const");
    }

    /** The tensor that a chain of reshapes starts from. */
    private String sourceOfSameValues(String tensor) {
      String source = tensor;
      while (SAME_VALUES.contains(graph.node(source).getOp()) && !reads.containsKey(source)) {
        source = GraphEditor.input(graph.node(source), 0);
      }
      return source;
    }

    private String embeddingOutput(List<LinearLayer> layers) {
      Set<String> products = new LinkedHashSet<>();
      layers.forEach(layer -> products.add(layer.product()));
      Set<String> sources = new LinkedHashSet<>();
      for (LinearLayer layer : layers) {
        if (!graph.dependsOn(layer.input(), products)) {
          sources.add(sourceOfSameValues(layer.input()));
        }
      }
      if (sources.size() != 1) {
        throw new IllegalArgumentException(
            "the model is not a transformer encoder: expected one tensor that the first linear"
                + " layers read, found "
                + sources);
      }
      return sources.iterator().next();
    }
  }
}
