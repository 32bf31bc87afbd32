package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.IdentityN;
import org.tensorflow.types.TFloat32;

class LsqQuantizerTest {
  static final float GRADIENT_SCALE = 0.37f;
  // Rounding to the wrong bin is an error of a whole step, 0.1; rounding of float32 is 1e-6 of it.
  static final float VALUE_TOLERANCE = 1e-5f;
  // Relative to the sum of the absolute terms. A single wrong term of 500 is 1e-3 of that.
  static final double GRADIENT_TOLERANCE = 2e-6;
  // The same for a million elements, where a single wrong term is 1e-6.
  private static final double MANY_GRADIENT_TOLERANCE = 5e-8;
  // Equal but for the sign of zero: a masked gradient is the gradient times zero.
  static final float SIGN_OF_ZERO = 0x1p-149f;

  static Stream<QuantizationGrid> grids() {
    return IntStream.rangeClosed(QuantizationGrid.MIN_BITS, QuantizationGrid.MAX_BITS)
        .boxed()
        .flatMap(
            bits ->
                Arrays.stream(Levels.values()).map(levels -> new QuantizationGrid(bits, levels)));
  }

  /** The rule of the class comment, element by element. */
  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  record Rule(float[] xHat, float[] xGradient, double stepSizeGradient, double magnitude) {
    static Rule of(float[] x, float stepSize, float[] upstream, int bits, boolean full) {
      int qp = 1;
      for (int i = 0; i < bits - 1; i++) {
        qp *= 2;
      }
      int qn = full ? qp : qp - 1;
      qp = qp - 1;
      float[] xHat = new float[x.length];
      float[] xGradient = new float[x.length];
      double sum = 0;
      double magnitude = 0;
      for (int i = 0; i < x.length; i++) {
        double v = (double) x[i] / stepSize;
        double local;
        if (v < -qn) {
          xHat[i] = -qn * stepSize;
          local = -qn;
        } else if (v > qp) {
          xHat[i] = qp * stepSize;
          local = qp;
        } else {
          double rounded = Math.floor(v + 0.5);
          xHat[i] = (float) (rounded * stepSize);
          xGradient[i] = upstream[i];
          local = rounded - v;
        }
        sum += upstream[i] * local;
        magnitude += Math.abs(upstream[i] * local);
      }
      return new Rule(xHat, xGradient, GRADIENT_SCALE * sum, GRADIENT_SCALE * magnitude);
    }
  }

  private static void assertFollowsRule(
      QuantizationGrid grid, float[] x, float stepSize, float[] upstream) {
    Rule expected = Rule.of(x, stepSize, upstream, grid.bits(), grid.levels() == Levels.FULL);
    try (QuantizerGraph graph = new QuantizerGraph(grid, GRADIENT_SCALE)) {
      QuantizerGraph.Outcome found = graph.run(x, stepSize, upstream);
      assertArrayEquals(expected.xHat(), found.xHat(), VALUE_TOLERANCE * grid.qMax() * stepSize);
      assertArrayEquals(expected.xGradient(), found.xGradient(), SIGN_OF_ZERO);
      assertEquals(
          expected.stepSizeGradient(),
          found.stepSizeGradient(),
          GRADIENT_TOLERANCE * expected.magnitude());
    }
  }

  @ParameterizedTest
  @MethodSource("grids")
  void randomValuesFollowTheRule(QuantizationGrid grid) {
    Random random = new Random(17);
    float stepSize = 0.1f;
    float[] x = awayFromTies(500, stepSize, grid, random);
    float[] upstream = gaussian(x.length, random);
    assertFollowsRule(grid, x, stepSize, upstream);
  }

  /**
   * Values up to 1.5 times the range, so a third is clipped; ties, which float32 decides, left out.
   */
  static float[] awayFromTies(int count, float stepSize, QuantizationGrid grid, Random random) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      double v;
      do {
        v = (random.nextDouble() * 3 - 1.5) * -grid.qMin();
      } while (Math.abs(v - Math.floor(v) - 0.5) < 1e-3);
      x[i] = (float) (v * stepSize);
    }
    return x;
  }

  static float[] gaussian(int count, Random random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void stepGradientOfManyElementsIsAccurateAndTheSameEveryTime() {
    Random random = new Random(29);
    QuantizationGrid grid = QuantizationGrid.of(4);
    float[] x = awayFromTies(1_000_003, 0.1f, grid, random);
    float[] upstream = gaussian(x.length, random);
    Rule expected = Rule.of(x, 0.1f, upstream, 4, true);
    try (QuantizerGraph graph = new QuantizerGraph(grid, GRADIENT_SCALE)) {
      float first = graph.run(x, 0.1f, upstream).stepSizeGradient();
      assertEquals(
          expected.stepSizeGradient(), first, MANY_GRADIENT_TOLERANCE * expected.magnitude());
      for (int repeat = 0; repeat < 5; repeat++) {
        assertEquals(first, graph.run(x, 0.1f, upstream).stepSizeGradient());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("grids")
  void exactBoundariesAndTiesFollowTheRule(QuantizationGrid grid) {
    float stepSize = 0.25f; // a power of two: every quotient below is exact
    List<Float> points = new ArrayList<>();
    for (double v = grid.qMin() - 1.5; v <= grid.qMax() + 1.5; v += 0.5) {
      points.add((float) (v * stepSize));
    }
    float[] x = new float[points.size()];
    float[] upstream = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = points.get(i);
      upstream[i] = 1 + 0.125f * i;
    }
    assertFollowsRule(grid, x, stepSize, upstream);
  }

  @ParameterizedTest
  @MethodSource("grids")
  void boundsThemselvesAreInside(QuantizationGrid grid) {
    float stepSize = 0.25f;
    float[] bounds = {grid.qMin() * stepSize, grid.qMax() * stepSize};
    float[] beyond = {Math.nextDown(bounds[0]), Math.nextUp(bounds[1])};
    float[] upstream = {2, 3};
    try (QuantizerGraph graph = new QuantizerGraph(grid, GRADIENT_SCALE)) {
      QuantizerGraph.Outcome at = graph.run(bounds, stepSize, upstream);
      assertArrayEquals(upstream, at.xGradient());
      assertEquals(0f, at.stepSizeGradient());
      QuantizerGraph.Outcome out = graph.run(beyond, stepSize, upstream);
      assertArrayEquals(new float[2], out.xGradient(), SIGN_OF_ZERO);
      assertEquals(
          GRADIENT_SCALE * (2 * grid.qMin() + 3 * grid.qMax()),
          out.stepSizeGradient(),
          VALUE_TOLERANCE * grid.qMax());
    }
  }

  @ParameterizedTest
  @MethodSource("grids")
  void zerosStayZero(QuantizationGrid grid) {
    float[] upstream = {1, -2, 3, 4, 5};
    try (QuantizerGraph graph = new QuantizerGraph(grid, GRADIENT_SCALE)) {
      QuantizerGraph.Outcome found = graph.run(new float[5], 0.3f, upstream);
      assertArrayEquals(new float[5], found.xHat());
      assertArrayEquals(upstream, found.xGradient());
      assertEquals(0f, found.stepSizeGradient());
    }
  }

  @ParameterizedTest
  @MethodSource("grids")
  void oneElementFollowsTheRule(QuantizationGrid grid) {
    assertFollowsRule(grid, new float[] {0.7f}, 0.3f, new float[] {-1.5f});
    assertFollowsRule(grid, new float[] {-70f}, 0.3f, new float[] {-1.5f});
  }

  @ParameterizedTest
  @MethodSource("grids")
  void stepThatAGradientStepWouldDriveNegativeStaysPositive(QuantizationGrid grid) {
    float[] x = {5f, 6f, -0.02f};
    float[] upstream = {1, 1, 1};
    float stepSize = 0.01f;
    try (QuantizerGraph quantizer = new QuantizerGraph(grid, GRADIENT_SCALE);
        Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      float updated = stepSize - 0.5f * quantizer.run(x, stepSize, upstream).stepSizeGradient();
      assertTrue(updated < 0, "the case must drive the step negative");
      Operand<TFloat32> clamped = LsqQuantizer.clampPositive(tf, tf.constant(updated));
      try (TFloat32 result = (TFloat32) session.runner().fetch(clamped).run().get(0)) {
        assertEquals(LsqQuantizer.MIN_STEP, result.getFloat());
      }
      QuantizerGraph.Outcome next = quantizer.run(x, LsqQuantizer.MIN_STEP, upstream);
      float bound = grid.qMax() * LsqQuantizer.MIN_STEP;
      float low = grid.qMin() * LsqQuantizer.MIN_STEP;
      assertArrayEquals(new float[] {bound, bound, low}, next.xHat(), VALUE_TOLERANCE * bound);
    }
  }

  @Test
  void clampKeepsLargerSteps() {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> clamped =
          LsqQuantizer.clampPositive(tf, tf.constant(new float[] {-1f, 0f, 1e-7f, 0.25f}));
      try (TFloat32 result = (TFloat32) session.runner().fetch(clamped).run().get(0)) {
        assertEquals(LsqQuantizer.MIN_STEP, result.getFloat(0));
        assertEquals(LsqQuantizer.MIN_STEP, result.getFloat(1));
        assertEquals(LsqQuantizer.MIN_STEP, result.getFloat(2));
        assertEquals(0.25f, result.getFloat(3));
      }
    }
  }

  @Test
  void gradientScaleFollowsThePaper() {
    // 1 / sqrt(768 * 7) and 1 / sqrt(589824 * 1)
    assertEquals(0.013638618f, LsqQuantizer.gradientScale(768, QuantizationGrid.of(4)), 1e-9f);
    assertEquals(1f / 768, LsqQuantizer.gradientScale(589_824, QuantizationGrid.of(2)), 1e-10f);
    // More elements than an int holds: 1 / sqrt(2^40 * 127).
    assertEquals(
        8.462491e-8f, LsqQuantizer.gradientScale(1L << 40, QuantizationGrid.of(8)), 1e-13f);
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> LsqQuantizer.gradientScale(0, QuantizationGrid.of(4)));
    assertEquals(
        "Gradient scale of a step size: expected a positive number of elements, found 0",
        e.getMessage());
  }

  @Test
  void registeringAgainChangesNothing() {
    LsqQuantizer.register();
    LsqQuantizer.register();
    assertFalse(
        TensorFlow.registerCustomGradient(IdentityN.OP_NAME, (tf, op, gradients) -> List.of()));
  }

  @Test
  void gradientIsFoundInAnImportedGraph() {
    float[] x = {-9, -0.3f, 0.3f, 9};
    float[] upstream = {1, 2, 3, 4};
    try (Graph source = new Graph();
        Graph target = new Graph();
        Session session = new Session(target)) {
      Ops tf = Ops.create(source);
      Operand<TFloat32> quantized =
          LsqQuantizer.quantize(
              tf.withName("layer"),
              tf.withName("x").constant(x),
              tf.withName("step").constant(0.25f),
              QuantizationGrid.of(3),
              GRADIENT_SCALE);
      Output<?> sourceOutput = quantized.asOutput();
      target.importGraphDef(source.toGraphDef());
      Output<?> output = target.operation(sourceOutput.op().name()).output(sourceOutput.index());
      Output<?>[] wanted = {target.operation("x").output(0), target.operation("step").output(0)};
      Output<?>[] gradients =
          target.addGradients(
              null,
              new Output<?>[] {output},
              wanted,
              new Output<?>[] {Ops.create(target).constant(upstream).asOutput()});
      Rule expected = Rule.of(x, 0.25f, upstream, 3, true);
      try (Result result = session.runner().fetch(gradients[0]).fetch(gradients[1]).run()) {
        assertArrayEquals(
            expected.xGradient(), StdArrays.array1dCopyOf((TFloat32) result.get(0)), SIGN_OF_ZERO);
        assertEquals(
            expected.stepSizeGradient(),
            ((TFloat32) result.get(1)).getFloat(),
            GRADIENT_TOLERANCE * expected.magnitude());
      }
    }
  }

  @Test
  void otherIdentityNodesPassTheirGradientsThrough() {
    LsqQuantizer.register();
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> a = tf.constant(new float[] {1, 2, 3});
      Operand<TFloat32> b = tf.constant(new float[] {4, 5});
      IdentityN foreign = tf.identityN(List.of(a, b));
      Operand<TFloat32> loss =
          tf.reduceSum(
              tf.math.square(foreign.output().get(0).expect(TFloat32.class)), tf.constant(0));
      Output<?>[] gradients = graph.addGradients(loss.asOutput(), new Output<?>[] {a.asOutput()});
      try (TFloat32 result = (TFloat32) session.runner().fetch(gradients[0]).run().get(0)) {
        assertArrayEquals(new float[] {2, 4, 6}, StdArrays.array1dCopyOf(result));
      }
    }
  }
}
