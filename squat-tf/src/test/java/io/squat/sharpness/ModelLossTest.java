package io.squat.sharpness;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hashing;
import com.google.common.primitives.Longs;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.ops.BitWidths;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.PlainModel;
import io.squat.train.SmallModel;
import io.squat.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The loss of a network of two layers, its gradients and Hessian against plain Java. */
class ModelLossTest {
  private static final int VOCABULARY = SmallModel.VOCABULARY;
  private static final int H = SmallModel.HIDDEN;
  private static final int F = SmallModel.FEATURES;
  private static final int TOKENS = SmallModel.TOKENS;

  /** Ids below this are in the rows; the table's other rows are left out. */
  private static final int USED = 7;

  private static final double TOLERANCE = 1e-5;

  private static final Map<String, PlainModel.Grid> WEIGHT_GRIDS =
      Map.of(
          SmallModel.TABLE, PlainModel.Grid.of(-128, 127, 1),
          SmallModel.KERNEL, PlainModel.Grid.of(-1, 1, 1));
  private static final PlainModel.Grid INPUT_GRID = PlainModel.Grid.of(-8, 7, 1);

  private static final List<Batch> BATCHES = List.of(batch(1, 5), batch(2, 3), batch(3, 4));

  @TempDir static Path folder;

  private static ModelGraph graph;
  private static Path prefix;
  private static final Map<String, double[]> VALUES = new TreeMap<>();

  @BeforeAll
  static void writeCheckpoint() {
    graph = SmallModel.build();
    prefix = folder.resolve("variables");
    Random random = new Random(20);
    try (TrainingGraph training =
        TrainingGraph.build(graph, Quantization.of(BitWidths.parse("2-8-4")), false)) {
      Ops tf = training.tf();
      Ops init = tf.withInitScope();
      Map<String, Output<TFloat32>> variables = new LinkedHashMap<>();
      for (VariableGroup group : List.of(VariableGroup.WEIGHTS, VariableGroup.STEP_SIZES)) {
        for (ModelVariable variable : training.model().variables(group)) {
          float[] values = new float[Math.toIntExact(variable.size())];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.7 * random.nextGaussian());
          }
          if (group == VariableGroup.STEP_SIZES) {
            values[0] =
                variable.name().startsWith(SmallModel.KERNEL)
                    ? 0.6f
                    : variable.name().startsWith(SmallModel.TABLE) ? 0.02f : 0.25f;
          }
          Shape shape = Shape.of(Longs.toArray(variable.shape()));
          init.assign(
              training.variable(variable),
              init.reshape(init.constant(values), init.constant(shape)));
          variables.put(variable.name(), training.variable(variable));
          double[] doubles = new double[values.length];
          Arrays.setAll(doubles, i -> values[i]);
          VALUES.put(variable.name(), doubles);
        }
      }
      CheckpointOps checkpoint = CheckpointOps.add(tf, variables);
      try (Session session = new Session(training.graph())) {
        session.initialize();
        checkpoint.save(session, prefix);
      }
    }
  }

  private static Batch batch(long seed, int rows) {
    Random random = new Random(seed);
    int[] ids = new int[rows * TOKENS];
    int[] mask = new int[ids.length];
    Arrays.setAll(ids, i -> random.nextInt(USED));
    Arrays.setAll(mask, i -> i % TOKENS == 0 ? 1 : random.nextInt(2));
    float[] labels = new float[rows];
    int[] rowIndices = new int[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = random.nextInt(SmallModel.CLASSES);
      rowIndices[row] = row;
    }
    return new Batch(rows, TOKENS, ids, mask, new int[ids.length], labels, rowIndices);
  }

  private static TrainedModel trained(String bits) {
    return new TrainedModel(graph, Quantization.of(BitWidths.parse(bits)), prefix);
  }

  @MustBeClosed
  private static ModelLoss open(String bits, boolean activations) {
    return new ModelLoss(trained(bits), activations, BATCHES, Device.CPU, 2);
  }

  /** What plain Java makes of all batches at a displacement. */
  private static final class Plain {
    private final double loss;
    private final double[] table;
    private final double[] kernel;

    private Plain(double loss, double[] table, double[] kernel) {
      this.loss = loss;
      this.table = table;
      this.kernel = kernel;
    }

    static Plain of(Map<String, PlainModel.Grid> grids, Map<String, double[]> e) {
      PlainModel model = new PlainModel(grids);
      int rows = BATCHES.stream().mapToInt(Batch::rows).sum();
      double loss = 0;
      double[] table = new double[VOCABULARY * H];
      double[] kernel = new double[H * F];
      for (Batch batch : BATCHES) {
        PlainModel.Gradients found = model.gradients(batch, VALUES, e);
        double part = (double) batch.rows() / rows;
        loss += part * found.loss();
        add(table, part, requireNonNull(found.quantized().get(SmallModel.TABLE)));
        add(kernel, part, requireNonNull(found.quantized().get(SmallModel.KERNEL)));
      }
      return new Plain(loss, table, kernel);
    }

    private static void add(double[] sum, double factor, double[] addend) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += factor * addend[i];
      }
    }

    double[] usedTable() {
      return Arrays.copyOf(table, USED * H);
    }
  }

  private static int matrix(Weights weights, String name) {
    List<String> names = weights.matrices().stream().map(Matrix::name).toList();
    return names.indexOf(name);
  }

  private static Map<String, double[]> plain(Weights displacement) {
    double[] table = new double[VOCABULARY * H];
    double[] kernel = new double[H * F];
    float[] some = displacement.values(matrix(displacement, SmallModel.TABLE));
    float[] all = displacement.values(matrix(displacement, SmallModel.KERNEL));
    for (int i = 0; i < some.length; i++) {
      table[i] = some[i];
    }
    for (int i = 0; i < all.length; i++) {
      kernel[i] = all[i];
    }
    return Map.of(SmallModel.TABLE, table, SmallModel.KERNEL, kernel);
  }

  @Test
  void lossAndSlopeAreThoseOfPlainJava() {
    try (ModelLoss loss = open("2-8-4", false)) {
      Weights e = loss.point().gaussian(3, 0).times(0.2);
      Plain expected = Plain.of(WEIGHT_GRIDS, plain(e));
      Loss.Slope found = loss.slope(e);
      assertEquals(expected.loss, loss.at(e), TOLERANCE);
      assertEquals(expected.loss, found.loss(), TOLERANCE);
      assertNear(expected.usedTable(), found.gradient(), SmallModel.TABLE);
      assertNear(expected.kernel, found.gradient(), SmallModel.KERNEL);
    }
  }

  @Test
  void aFloatModelIsDisplacedAroundItsFloatWeights() {
    try (ModelLoss loss = open("32-32-32", false)) {
      Weights e = loss.point().gaussian(3, 0).times(0.2);
      assertEquals(Plain.of(Map.of(), plain(e)).loss, loss.at(e), TOLERANCE);
    }
  }

  @Test
  void activationsAreQuantizedOnDemand() {
    Map<String, PlainModel.Grid> grids = new TreeMap<>(WEIGHT_GRIDS);
    grids.put(SmallModel.INPUT, INPUT_GRID);
    try (ModelLoss loss = open("2-8-4", true)) {
      Weights e = loss.point().zeros();
      double expected = Plain.of(grids, Map.of()).loss;
      assertEquals(expected, loss.at(e), TOLERANCE);
      assertTrue(Math.abs(expected - Plain.of(WEIGHT_GRIDS, Map.of()).loss) > 10 * TOLERANCE);
    }
  }

  @Test
  void rowsOfTheTableThatNoRowLooksUpAreLeftOut() {
    try (ModelLoss loss = open("2-8-4", false)) {
      assertEquals(USED * H + H * F, loss.point().size());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"2-8-4", "32-32-32"})
  void eigenvaluesAreThoseOfTheHessianOfPlainJava(String bits) {
    Map<String, PlainModel.Grid> grids = bits.startsWith("2") ? WEIGHT_GRIDS : Map.of();
    int table = USED * H;
    int n = table + H * F;
    double[][] hessian = new double[n][n];
    double h = 1e-4;
    for (int i = 0; i < n; i++) {
      Plain ahead = Plain.of(grids, unit(i, table, h));
      Plain behind = Plain.of(grids, unit(i, table, -h));
      for (int k = 0; k < n; k++) {
        double up = k < table ? ahead.table[k] : ahead.kernel[k - table];
        double down = k < table ? behind.table[k] : behind.kernel[k - table];
        hessian[i][k] += (up - down) / (4 * h); // half of it, and
        hessian[k][i] += (up - down) / (4 * h); // half: rounding makes it asymmetric
      }
    }
    double[] expected =
        new EigenDecomposition(new Array2DRowRealMatrix(hessian)).getRealEigenvalues();
    Arrays.sort(expected);
    try (ModelLoss loss = open(bits, false)) {
      List<Spectrum.Eigenvalue> found = Spectrum.of(loss, 3, 25, 0.02, 1).eigenvalues();
      for (int i = 0; i < 3; i++) {
        double value = expected[n - 1 - i];
        assertEquals(value, found.get(i).value(), 0.01 * expected[n - 1], "eigenvalue " + i);
      }
    }
  }

  private static Map<String, double[]> unit(int index, int table, double h) {
    double[] first = new double[VOCABULARY * H];
    double[] second = new double[H * F];
    (index < table ? first : second)[index < table ? index : index - table] = h;
    return Map.of(SmallModel.TABLE, first, SmallModel.KERNEL, second);
  }

  @Test
  void measuringChangesNoFileAndComesBack() throws IOException {
    Map<Path, String> before = hashes();
    try (ModelLoss loss = open("2-8-4", false)) {
      Weights here = loss.point().zeros();
      double first = loss.at(here);
      loss.slope(loss.point().gaussian(1, 0));
      assertEquals(first, loss.at(here));
    }
    assertEquals(before, hashes());
  }

  @Test
  void threadsChangeNoNumber() {
    try (ModelLoss one = new ModelLoss(trained("2-8-4"), false, BATCHES, Device.CPU, 1);
        ModelLoss three = new ModelLoss(trained("2-8-4"), false, BATCHES, Device.CPU, 3)) {
      Weights e = one.point().gaussian(1, 0).times(0.1);
      assertEquals(one.at(e), three.at(e));
      assertArrayEquals(one.slope(e).gradient().values(0), three.slope(e).gradient().values(0));
    }
  }

  private static Map<Path, String> hashes() throws IOException {
    Map<Path, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        hashes.put(file, Hashing.sha256().hashBytes(Files.readAllBytes(file)).toString());
      }
    }
    return hashes;
  }

  private static void assertNear(double[] expected, Weights found, String name) {
    float[] values = found.values(matrix(found, name));
    assertEquals(expected.length, values.length, name);
    for (int i = 0; i < values.length; i++) {
      assertEquals(expected[i], values[i], TOLERANCE, name + " " + i);
    }
  }
}
