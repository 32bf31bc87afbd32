package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.base.Splitter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/** TensorFlow's own Einsum, BatchMatMul and MatMul against the canonical products. */
class CanonicalProductsTest {
  private static final float TOLERANCE = 1e-5f;

  private static final Splitter AXES = Splitter.onPattern(",|->");

  /** The sizes of the axes a, b, c, d, e. */
  private static final int[] SIZES = {2, 3, 4, 5, 6};

  private static long[] shape(String axes) {
    return axes.replace("...", "ab").chars().mapToLong(axis -> SIZES[axis - 'a']).toArray();
  }

  private static float[] gaussian(long[] shape, long seed) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** A model of one output y, of a placeholder x and variables of the given shapes. */
  private static final class Model implements AutoCloseable {
    private final Graph graph = new Graph();
    private final Ops tf = Ops.create(graph);
    private final List<ModelVariable> variables = new ArrayList<>();
    private final Map<String, Tensor> feeds = new HashMap<>();
    private final Map<String, float[]> values = new HashMap<>();

    Operand<TFloat32> input(String name, long... shape) {
      long[] unknown = new long[shape.length];
      for (int i = 0; i < shape.length; i++) {
        unknown[i] = i == shape.length - 1 ? shape[i] : Shape.UNKNOWN_SIZE;
      }
      feeds.put(name, TrainedTinyModel.tensor(gaussian(shape, name.hashCode()), shape));
      return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.of(unknown)));
    }

    Operand<TFloat32> variable(String name, long... shape) {
      List<Long> dimensions = new ArrayList<>();
      for (long dimension : shape) {
        dimensions.add(dimension);
      }
      variables.add(
          new ModelVariable(
              name, new StoredTensor(name, dimensions), dimensions, VariableGroup.WEIGHTS));
      values.put(name, gaussian(shape, name.hashCode()));
      return tf.withName(name + "_read")
          .identity(tf.withName(name).variable(Shape.of(shape), TFloat32.class));
    }

    /** The model that ends in the node y. */
    ModelGraph of() {
      GraphEditor editor = new GraphEditor(graph.toGraphDef());
      for (ModelVariable variable : variables) {
        editor.put(Nodes.identity(variable.read(), variable.name(), DataType.DT_FLOAT));
        editor.redirect(variable.name() + "_read", variable.read(), any -> true);
      }
      editor.put(Nodes.identity("out", "y", DataType.DT_FLOAT));
      return new ModelGraph(
              graph.toGraphDef(), variables, List.of(), Map.of("y", "out"), "out", null, List.of())
          .with(editor);
    }

    float[] run(ModelGraph model) {
      Map<String, Tensor> fed = new HashMap<>(feeds);
      for (ModelVariable variable : model.variables()) {
        long[] shape = variable.shape().stream().mapToLong(Long::longValue).toArray();
        fed.put(
            variable.read(),
            TrainedTinyModel.tensor(requireNonNull(values.get(variable.name())), shape));
      }
      try (Graph imported = new Graph()) {
        imported.importGraphDef(model.graph());
        try (Session session = new Session(imported)) {
          return requireNonNull(TrainedTinyModel.fetch(session, fed, List.of("out")).get("out"));
        }
      } finally {
        model.variables().forEach(variable -> requireNonNull(fed.get(variable.read())).close());
      }
    }

    @Override
    public void close() {
      feeds.values().forEach(Tensor::close);
      graph.close();
    }
  }

  private static long count(ModelGraph model, String op) {
    return model.graph().getNodeList().stream().filter(node -> node.getOp().equals(op)).count();
  }

  private static void assertCanonical(Model built, ModelGraph model, String kernel, String bias) {
    ModelGraph canonical = new CanonicalLinear().apply(model);
    assertArrayEquals(built.run(model), built.run(canonical), TOLERANCE);
    assertEquals(1, count(canonical, "MatMul"));
    assertEquals(1, count(canonical, "BiasAdd"));
    NodeDef product =
        canonical.graph().getNodeList().stream()
            .filter(node -> node.getOp().equals("MatMul"))
            .findFirst()
            .orElseThrow();
    assertEquals(kernel + "/read", product.getInput(1));
    NodeDef sum = canonical.edit().onlyConsumer(product.getName()).orElseThrow();
    assertEquals("BiasAdd", sum.getOp());
    assertEquals(bias + "/read", sum.getInput(1));
    assertEquals(2, canonical.variable(kernel).shape().size());
    assertEquals(1, canonical.variable(bias).shape().size());
  }

  @ParameterizedTest
  @CsvSource({
    "'abc,cd->abd',d",
    "'abc,cde->abde',de",
    "'abcd,cde->abe',e",
    "'abcd,bcde->ae',e",
    "'ab,bc->ac',c",
    "'...c,cd->...d',d",
    "'cde,abc->abde',de"
  })
  void anEinsumWithAKernelBecomesOneProductOfRows(String equation, String bias) {
    List<String> parts = AXES.splitToList(equation);
    boolean kernelFirst = equation.startsWith("cde");
    try (Model built = new Model()) {
      Operand<TFloat32> x = built.input("x", shape(parts.get(kernelFirst ? 1 : 0)));
      Operand<TFloat32> kernel = built.variable("kernel", shape(parts.get(kernelFirst ? 0 : 1)));
      Operand<TFloat32> product =
          built.tf.linalg.einsum(kernelFirst ? List.of(kernel, x) : List.of(x, kernel), equation);
      built.tf.withName("y").math.add(product, built.variable("bias", shape(bias)));
      assertCanonical(built, built.of(), "kernel", "bias");
    }
  }

  @ParameterizedTest
  @CsvSource({"'abc,dc->abd'", "'abc,acd->abd'", "'abc,cb->ab'"})
  void anEinsumThatIsNoProductOfRowsStays(String equation) {
    List<String> parts = AXES.splitToList(equation);
    try (Model built = new Model()) {
      Operand<TFloat32> x = built.input("x", shape(parts.get(0)));
      Operand<TFloat32> kernel = built.variable("kernel", shape(parts.get(1)));
      built.tf.math.add(
          built.tf.withName("y").linalg.einsum(List.of(x, kernel), equation),
          built.tf.constant(0f));
      ModelGraph model = built.of();
      ModelGraph canonical = new CanonicalEinsum().apply(new CanonicalLinear().apply(model));
      assertEquals(1, count(canonical, "Einsum"));
      assertArrayEquals(built.run(model), built.run(canonical));
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3"})
  void aProductOfMoreThanRowsBecomesOneOfRows(int leading) {
    long[] shape = {2, 3, 4, 5};
    long[] used = java.util.Arrays.copyOfRange(shape, 3 - leading, 4);
    try (Model built = new Model()) {
      Operand<TFloat32> x = built.input("x", used);
      Operand<TFloat32> product =
          built.tf.train.batchMatMul(x, built.variable("kernel", 5, 6), TFloat32.class);
      built.tf.withName("y").math.add(built.variable("bias", 6), product);
      assertCanonical(built, built.of(), "kernel", "bias");
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void theBiasBehindAReshapeComesInFrontOfIt(boolean biasAdd) {
    try (Model built = new Model()) {
      Ops tf = built.tf;
      Operand<TFloat32> x = built.input("x", 2, 3, 5);
      Operand<TFloat32> rows = tf.reshape(x, tf.constant(new int[] {-1, 5}));
      Operand<TFloat32> product = tf.linalg.matMul(rows, built.variable("kernel", 5, 6));
      Operand<TFloat32> back = tf.reshape(product, tf.constant(new int[] {2, 3, 6}));
      Operand<TFloat32> bias = built.variable("bias", 6);
      if (biasAdd) {
        tf.withName("y").nn.biasAdd(back, bias);
      } else {
        tf.withName("y").math.add(back, bias);
      }
      assertCanonical(built, built.of(), "kernel", "bias");
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void layersOfOneTensorReadTheSameRows(boolean transposed) {
    try (Model built = new Model()) {
      Ops tf = built.tf;
      Operand<TFloat32> x = built.input("x", 2, 3, 5);
      List<Operand<TFloat32>> products = new ArrayList<>();
      for (String name : List.of("query", "key")) {
        // As in tensordot, where the permutation is the identity.
        Operand<TFloat32> same =
            transposed ? tf.linalg.transpose(x, tf.constant(new int[] {0, 1, 2})) : x;
        products.add(
            tf.linalg.matMul(
                tf.reshape(same, tf.constant(new int[] {-1, 5})), built.variable(name, 5, 6)));
      }
      tf.withName("y").math.mul(products.get(0), products.get(1));
      ModelGraph model = built.of();
      ModelGraph canonical = new CanonicalLinear().apply(model);
      assertArrayEquals(built.run(model), built.run(canonical), TOLERANCE);
      assertEquals(
          1,
          canonical.graph().getNodeList().stream()
              .filter(node -> node.getOp().equals("MatMul"))
              .map(node -> node.getInput(0))
              .distinct()
              .count());
    }
  }

  @ParameterizedTest
  @CsvSource({"'abc,cde->abde'"})
  void whoReadsAKernelOtherwiseGetsItAsItWas(String equation) {
    try (Model built = new Model()) {
      Ops tf = built.tf;
      Operand<TFloat32> x = built.input("x", 2, 3, 4);
      Operand<TFloat32> kernel = built.variable("kernel", 4, 5, 6);
      Operand<TFloat32> product = tf.linalg.einsum(List.of(x, kernel), equation);
      tf.withName("y").math.add(product, tf.math.mean(kernel, tf.constant(new int[] {0})));
      ModelGraph model = built.of();
      assertArrayEquals(built.run(model), built.run(new CanonicalLinear().apply(model)), TOLERANCE);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'aecd,abcd->acbe'",
    "'acbe,aecd->abcd'",
    "'abcd,aecd->acbe'",
    "'abd,acd->abc'",
    "'abc,acd->abd'",
    "'ab,bc->ac'",
    "'ba,bc->ca'"
  })
  void anEinsumOfTwoActivationsBecomesABatchedProduct(String equation) {
    List<String> parts = AXES.splitToList(equation);
    try (Model built = new Model()) {
      Operand<TFloat32> x = built.input("x", shape(parts.get(0)));
      Operand<TFloat32> z = built.input("z", shape(parts.get(1)));
      built.tf.withName("y").linalg.einsum(List.of(x, z), equation);
      ModelGraph model = built.of();
      ModelGraph canonical = new CanonicalEinsum().apply(model);
      assertEquals(0, count(canonical, "Einsum"));
      assertEquals(1, count(canonical, "BatchMatMulV2"));
      assertArrayEquals(built.run(model), built.run(canonical), TOLERANCE);
    }
  }

  @ParameterizedTest
  @CsvSource({"'abc,bcd->ad'", "'abc,d->abcd'"})
  void anEinsumOfSeveralSummedOrFreeAxesStays(String equation) {
    List<String> parts = AXES.splitToList(equation);
    try (Model built = new Model()) {
      Operand<TFloat32> x = built.input("x", shape(parts.get(0)));
      Operand<TFloat32> z = built.input("z", shape(parts.get(1)));
      built.tf.withName("y").linalg.einsum(List.of(x, z), equation);
      assertEquals(1, count(new CanonicalEinsum().apply(built.of()), "Einsum"));
    }
  }
}
