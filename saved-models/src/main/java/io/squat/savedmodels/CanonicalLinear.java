package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.StridedSlice;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/**
 * Makes every linear layer one MatMul of a rank-2 input with the kernel's read, and, if it has a
 * bias, one BiasAdd with the bias's read.
 *
 * <pre>
 * MatMul(x, kernel)                                  stays
 * MatMul(x, Reshape(Transpose(kernel)))              the same, where every value keeps its place
 * Reshape(MatMul(Reshape(x), kernel)) + bias         the bias is added in front of the Reshape
 * BatchMatMulV2(x, kernel)                           x as rows, the product reshaped
 * Einsum(x, kernel), such as abcd,cde-&gt;abe           the same, kernel and bias as matrix and vector
 * </pre>
 *
 * <p>Layers that read one tensor read the same rows of it. Invariant: the outputs' values stay the
 * same; a trained vector that is added to such a product is added by a BiasAdd; a kernel is a
 * variable of rank 2, a bias one of rank 1, with the values of the variable that was read in the
 * same order.
 */
final class CanonicalLinear implements RewritePass {
  @Override
  public ModelGraph apply(ModelGraph model) {
    Work work = new Work(model);
    for (NodeDef node : model.graph().getNodeList()) {
      work.product(node).ifPresent(work::canonical);
    }
    return model.with(work.editor, new ArrayList<>(work.variables.values()));
  }

  /**
   * A product of an activation with a kernel, as it was read or through reshapes of it.
   *
   * @param node the MatMul, BatchMatMulV2 or Einsum
   * @param input the activation
   * @param kernelInput which input of the node the kernel comes in by
   * @param kernel the kernel
   * @param summed how many of the kernel's axes are summed over: its first ones
   */
  private record Product(
      NodeDef node, String input, int kernelInput, ModelVariable kernel, int summed) {
    private long rows() {
      return ModelVariable.size(kernel.shape().subList(0, summed));
    }

    private List<Long> outputAxes() {
      return kernel.shape().subList(summed, kernel.shape().size());
    }

    private boolean isMatMul() {
      return node.getOp().equals("MatMul");
    }
  }

  private static final class Work {
    private final GraphEditor editor;
    private final Map<String, Shape> shapes;
    private final Map<String, ModelVariable> variables = new LinkedHashMap<>();
    private final Map<String, ModelVariable> reads = new HashMap<>();
    private final Map<String, String> rows = new HashMap<>();

    Work(ModelGraph model) {
      editor = model.edit();
      shapes = TensorShapes.all(model);
      for (ModelVariable variable : model.variables()) {
        variables.put(variable.name(), variable);
        reads.put(variable.read(), variable);
      }
    }

    Optional<Product> product(NodeDef node) {
      return switch (node.getOp()) {
        case "MatMul" -> matMul(node).filter(found -> isPlain(node, "transpose_"));
        case "Einsum" ->
            Einsum.of(node)
                .flatMap(
                    equation ->
                        product(node, 1, equation.matrixAxes())
                            .or(() -> product(node, 0, equation.swapped().matrixAxes())));
        default ->
            BertStructure.BATCHED_PRODUCTS.contains(node.getOp())
                ? product(node, 1, 1)
                    .filter(found -> found.kernel().shape().size() == 2)
                    .filter(found -> isPlain(node, "adj_"))
                : Optional.empty();
      };
    }

    /**
     * The kernel's first axes, as many as the matrix [K, N] made of it has rows, are summed over.
     */
    private Optional<Product> matMul(NodeDef node) {
      String matrix = GraphEditor.input(node, 1);
      ModelVariable kernel = reads.get(source(matrix));
      if (kernel == null) {
        return Optional.empty();
      }
      long rows = kernel.read().equals(matrix) ? kernel.shape().get(0) : firstAxis(matrix);
      return IntStream.range(1, kernel.shape().size())
          .filter(axes -> ModelVariable.size(kernel.shape().subList(0, axes)) == rows)
          .mapToObj(axes -> product(node, 1, kernel, axes))
          .findFirst();
    }

    /** Of a kernel that has the axes that it was saved with. */
    private Optional<Product> product(NodeDef node, int kernelInput, int summed) {
      String tensor = GraphEditor.input(node, kernelInput);
      ModelVariable kernel = reads.get(source(tensor));
      return kernel == null || summed == 0 || !hasShape(tensor, kernel)
          ? Optional.empty()
          : Optional.of(product(node, kernelInput, kernel, summed));
    }

    private static Product product(
        NodeDef node, int kernelInput, ModelVariable kernel, int summed) {
      String input = GraphEditor.input(node, 1 - kernelInput);
      return new Product(node, input, kernelInput, kernel, summed);
    }

    private boolean hasShape(String tensor, ModelVariable kernel) {
      return kernel.read().equals(tensor)
          || Shape.of(Longs.toArray(kernel.shape())).equals(shapes.get(tensor));
    }

    /** The tensor that has the same values in the same order, and that nothing was done to. */
    private String source(String tensor) {
      String source = tensor;
      for (String before = sameValues(source);
          !before.equals(source);
          before = sameValues(source)) {
        source = before;
      }
      return source;
    }

    private static boolean isPlain(NodeDef node, String prefix) {
      return node.getAttrMap().entrySet().stream()
          .noneMatch(entry -> entry.getKey().startsWith(prefix) && entry.getValue().getB());
    }

    void canonical(Product found) {
      String input = rows(found);
      editor.setInput(
          new GraphEditor.Use(found.node().getName(), found.kernelInput()), found.kernel().read());
      reshaped(
          found.kernel(),
          List.of(found.rows(), ModelVariable.size(found.outputAxes())),
          found.node());
      if (found.isMatMul()) {
        editor.setInput(new GraphEditor.Use(found.node().getName(), 0), input);
        moveBias(found);
      } else {
        replace(found, input);
      }
    }

    /** The input as rows [R, K], the same for all layers that read the same values. */
    private String rows(Product found) {
      long width = found.rows();
      String source = found.input();
      String tensor = source;
      for (String before = sameValues(tensor);
          !before.equals(tensor);
          before = sameValues(tensor)) {
        tensor = before;
        source = lastAxis(tensor) == width ? tensor : source;
      }
      boolean isRows = rank(source) == 2 && lastAxis(source) == width;
      boolean isMatrix = found.isMatMul() && source.equals(found.input());
      return isRows || isMatrix
          ? source
          : rows.computeIfAbsent(source + " " + width, key -> newRows(key, width));
    }

    private String newRows(String key, long width) {
      String source = key.substring(0, key.indexOf(' '));
      String name = editor.freshName(GraphEditor.producer(source) + "/rows");
      editor.put(Nodes.vector(name + "/shape", -1, Math.toIntExact(width)));
      editor.put(Nodes.reshape(name, source, name + "/shape"));
      return name;
    }

    /** The tensor with the same values in the same order that a tensor is made from, or itself. */
    private String sameValues(String tensor) {
      NodeDef node = editor.node(tensor);
      boolean same =
          !reads.containsKey(tensor)
              && (BertStructure.SAME_VALUES.contains(node.getOp())
                  || (node.getOp().equals("Transpose") && keepsOrder(node)));
      return same ? GraphEditor.input(node, 0) : tensor;
    }

    private boolean keepsOrder(NodeDef transpose) {
      int[] order = ConstantInts.of(editor.node(GraphEditor.input(transpose, 1)));
      return order.length > 0
          && IntStream.range(0, order.length).allMatch(axis -> order[axis] == axis);
    }

    private long firstAxis(String matrix) {
      Shape shape = shapes.getOrDefault(matrix, Shape.unknown());
      return shape.isUnknown() || shape.numDimensions() != 2 ? Shape.UNKNOWN_SIZE : shape.get(0);
    }

    private int rank(String tensor) {
      Shape shape = shapes.getOrDefault(tensor, Shape.unknown());
      return shape.isUnknown() ? -1 : shape.numDimensions();
    }

    private long lastAxis(String tensor) {
      Shape shape = shapes.getOrDefault(tensor, Shape.unknown());
      return shape.isUnknown() || shape.numDimensions() < 1 ? Shape.UNKNOWN_SIZE : shape.get(-1);
    }

    /** Gives a variable another shape; who reads it as it was gets it reshaped. */
    private void reshaped(ModelVariable variable, List<Long> shape, NodeDef except) {
      if (variable.shape().equals(shape)
          || requireNonNull(variables.get(variable.name())).shape().equals(shape)) {
        return;
      }
      List<GraphEditor.Use> others =
          editor.uses(variable.read()).stream()
              .filter(use -> !use.node().equals(except.getName()))
              .filter(use -> product(editor.node(use.node())).isEmpty())
              .toList();
      ModelVariable matrix =
          new ModelVariable(variable.name(), variable.stored(), shape, variable.group());
      variables.put(variable.name(), matrix);
      editor.put(Nodes.variable(variable.name(), DataType.DT_FLOAT, shape));
      if (!others.isEmpty()) {
        String name = editor.freshName(variable.name() + "/as_read");
        int[] former = variable.shape().stream().mapToInt(Math::toIntExact).toArray();
        editor.put(Nodes.vector(name + "/shape", former));
        editor.put(Nodes.reshape(name, variable.read(), name + "/shape"));
        others.forEach(use -> editor.setInput(use, name));
      }
    }

    /** Adds the bias right behind the product, in front of a Reshape of it. */
    private void moveBias(Product found) {
      String product = found.node().getName();
      Optional<NodeDef> next = editor.onlyConsumer(product);
      if (next.isEmpty()) {
        return;
      }
      NodeDef addition = next.get();
      String bias = bias(addition, product, found.outputAxes());
      if (bias != null) {
        editor.put(Nodes.biasAdd(addition.getName(), product, bias));
        return;
      }
      String reshape = addition.getName();
      Optional<NodeDef> after = editor.onlyConsumer(reshape);
      if (!addition.getOp().equals("Reshape")
          || after.isEmpty()
          || lastAxis(reshape) != ModelVariable.size(found.outputAxes())) {
        return;
      }
      bias = bias(after.get(), reshape, found.outputAxes());
      if (bias != null) {
        String sum = editor.freshName(after.get().getName() + "/rows");
        editor.put(Nodes.biasAdd(sum, product, bias));
        editor.setInput(new GraphEditor.Use(reshape, 0), sum);
        editor.put(Nodes.identity(after.get().getName(), reshape, DataType.DT_FLOAT));
      }
    }

    /** The read of the trained bias that a node adds to a product, null if it adds none. */
    private @Nullable String bias(NodeDef addition, String product, List<Long> axes) {
      boolean adds = addition.getOp().equals("BiasAdd") || addition.getOp().startsWith("Add");
      if (!adds || addition.getInputCount() != 2) {
        return null;
      }
      int index = GraphEditor.input(addition, 0).equals(product) ? 1 : 0;
      ModelVariable bias = reads.get(GraphEditor.input(addition, index));
      if (bias == null || !bias.shape().equals(axes)) {
        return null;
      }
      reshaped(bias, List.of(ModelVariable.size(axes)), addition);
      return bias.read();
    }

    private void replace(Product found, String input) {
      String name = found.node().getName();
      String product = editor.freshName(name + "/product");
      editor.put(Nodes.matMul(product, input, found.kernel().read()));
      String last = name;
      String sum = product;
      Optional<NodeDef> next = editor.onlyConsumer(name);
      if (next.isPresent()) {
        String bias = bias(next.get(), name, found.outputAxes());
        if (bias != null) {
          last = next.get().getName();
          sum = editor.freshName(last + "/rows");
          editor.put(Nodes.biasAdd(sum, product, bias));
        }
      }
      editor.put(Nodes.identity(last, asInput(found, sum), DataType.DT_FLOAT));
    }

    /** Rows [R, N] as [..., output axes], with the leading axes of the input. */
    private String asInput(Product found, String rowsOfOutput) {
      int summed = found.summed();
      int[] free = found.outputAxes().stream().mapToInt(Math::toIntExact).toArray();
      return Fragment.add(
              editor,
              found.node().getName() + "/as_input",
              List.of(
                  new Fragment.Input(found.input(), DataType.DT_FLOAT, Shape.unknown()),
                  new Fragment.Input(rowsOfOutput, DataType.DT_FLOAT, Shape.unknown())),
              (tf, in) -> {
                var leading =
                    tf.stridedSlice(
                        tf.shape(in.get(0).asOutput()),
                        tf.constant(new int[] {0}),
                        tf.constant(new int[] {-summed}),
                        tf.constant(new int[] {1}),
                        StridedSlice.beginMask(1L));
                return List.of(
                    tf.reshape(
                        in.get(1).asOutput().expect(TFloat32.class),
                        tf.concat(List.of(leading, tf.constant(free)), tf.constant(0))));
              })
          .get(0);
    }
  }
}
