package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.ops.LsqQuantizerTest.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** A kernel [in, out] with a step size for each of its columns. */
class LsqQuantizerColumnsTest {
  private static final int IN = 41;
  private static final int OUT = 5;

  /** Of the sum of the absolute terms; a step that all columns shared would be off by all of it. */
  private static final double EQUAL_STEPS_TOLERANCE = 2e-6;

  private static final Map<QuantizationGrid, Columns> GRAPHS = new HashMap<>();

  @AfterContainer
  static void close() {
    GRAPHS.values().forEach(Columns::close);
    GRAPHS.clear();
  }

  /** The quantizer in a graph that was imported, with the gradients of sum(upstream * x_hat). */
  private static final class Columns implements AutoCloseable {
    private final Graph graph = new Graph();
    private final Session session;
    private final List<String> fetches;

    @MustBeClosed
    Columns(QuantizationGrid grid) {
      String quantized;
      try (Graph source = new Graph()) {
        Ops tf = Ops.create(source);
        quantized =
            LsqQuantizer.quantize(
                    tf,
                    input(tf, "x", Shape.of(-1, -1)),
                    input(tf, "steps", Shape.of(-1)),
                    grid,
                    LsqQuantizerTest.GRADIENT_SCALE)
                .op()
                .name();
        graph.importGraphDef(source.toGraphDef());
      }
      Ops tf = Ops.create(graph);
      Operand<TFloat32> xHat = graph.operation(quantized).<TFloat32>output(0);
      Operand<TFloat32> loss =
          tf.reduceSum(tf.math.mul(input(tf, "upstream", Shape.of(-1, -1)), xHat), tf.array(0, 1));
      Output<?>[] gradients =
          graph.addGradients(
              loss.asOutput(),
              new Output<?>[] {graph.operation("x").output(0), graph.operation("steps").output(0)});
      fetches =
          List.of(
              quantized + ":0",
              gradients[0].op().name() + ":" + gradients[0].index(),
              gradients[1].op().name() + ":" + gradients[1].index(),
              QuantizedLinear.integers(tf, xHat, graph.operation("steps").<TFloat32>output(0))
                  .op()
                  .name());
      session = new Session(graph);
    }

    private static Placeholder<TFloat32> input(Ops tf, String name, Shape shape) {
      return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(shape));
    }

    Outcome run(float[] x, float[] steps, float[] upstream) {
      Shape shape = Shape.of(x.length / steps.length, steps.length);
      try (TFloat32 xTensor = TFloat32.tensorOf(shape, DataBuffers.of(x));
          TFloat32 stepTensor = TFloat32.vectorOf(steps);
          TFloat32 upstreamTensor = TFloat32.tensorOf(shape, DataBuffers.of(upstream))) {
        Session.Runner runner =
            session
                .runner()
                .feed("x", xTensor)
                .feed("steps", stepTensor)
                .feed("upstream", upstreamTensor);
        fetches.forEach(runner::fetch);
        try (Result result = runner.run()) {
          List<float[]> values = new ArrayList<>();
          for (int i = 0; i < result.size(); i++) {
            TFloat32 tensor = (TFloat32) result.get(i);
            float[] array = new float[(int) tensor.size()];
            tensor.asRawTensor().data().asFloats().read(array);
            values.add(array);
          }
          return new Outcome(values.get(0), values.get(1), values.get(2), values.get(3));
        }
      }
    }

    @Override
    public void close() {
      session.close();
      graph.close();
    }
  }

  /** The result, the gradients of x and of the steps, and the result's integers. */
  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  private record Outcome(float[] xHat, float[] xGradient, float[] stepGradient, float[] integers) {}

  private static float[] column(float[] matrix, int out, int column) {
    float[] values = new float[matrix.length / out];
    for (int row = 0; row < values.length; row++) {
      values[row] = matrix[row * out + column];
    }
    return values;
  }

  private static void assertFollowsRule(
      QuantizationGrid grid, float[] x, float[] steps, float[] upstream) {
    try (Columns columns = new Columns(grid)) {
      Outcome found = columns.run(x, steps, upstream);
      assertEquals(steps.length, found.stepGradient().length);
      for (int c = 0; c < steps.length; c++) {
        Rule expected =
            Rule.of(
                column(x, steps.length, c),
                steps[c],
                column(upstream, steps.length, c),
                grid.bits(),
                grid.levels() == Levels.FULL);
        assertArrayEquals(
            expected.xHat(),
            column(found.xHat(), steps.length, c),
            LsqQuantizerTest.VALUE_TOLERANCE * grid.qMax() * steps[c]);
        assertArrayEquals(
            expected.xGradient(),
            column(found.xGradient(), steps.length, c),
            LsqQuantizerTest.SIGN_OF_ZERO);
        assertEquals(
            expected.stepSizeGradient(),
            found.stepGradient()[c],
            LsqQuantizerTest.GRADIENT_TOLERANCE * expected.magnitude());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.squat.ops.LsqQuantizerTest#grids")
  void everyColumnFollowsTheRule(QuantizationGrid grid) {
    Random random = new Random(19);
    float[] steps = new float[OUT];
    float[] x = new float[IN * OUT];
    for (int c = 0; c < OUT; c++) {
      steps[c] = (float) (0.003 * Math.pow(4.7, c));
      float[] column = LsqQuantizerTest.awayFromTies(IN, steps[c], grid, random);
      for (int row = 0; row < IN; row++) {
        x[row * OUT + c] = column[row];
      }
    }
    assertFollowsRule(grid, x, steps, LsqQuantizerTest.gaussian(x.length, random));
  }

  @ParameterizedTest
  @MethodSource("io.squat.ops.LsqQuantizerTest#grids")
  void exactBoundariesAndTiesFollowTheRule(QuantizationGrid grid) {
    float[] steps = {0.25f, 2f, 0.03125f}; // powers of two: every quotient below is exact
    int rows = 2 * (grid.qMax() - grid.qMin() + 3) + 1;
    float[] x = new float[rows * steps.length];
    float[] upstream = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      int row = i / steps.length;
      x[i] = (grid.qMin() - 1.5f + 0.5f * row) * steps[i % steps.length];
      upstream[i] = 1 + 0.125f * i;
    }
    assertFollowsRule(grid, x, steps, upstream);
  }

  @ParameterizedTest
  @MethodSource("io.squat.ops.LsqQuantizerTest#grids")
  void oneColumnFollowsTheRule(QuantizationGrid grid) {
    assertFollowsRule(
        grid, new float[] {0.7f, -70f, 0}, new float[] {0.3f}, new float[] {-1.5f, 2, 3});
  }

  @ParameterizedTest
  @MethodSource("io.squat.ops.LsqQuantizerTest#grids")
  void equalStepsGiveWhatOneStepGives(QuantizationGrid grid) {
    Random random = new Random(23);
    float stepSize = 0.1f;
    float[] x = LsqQuantizerTest.awayFromTies(IN * OUT, stepSize, grid, random);
    float[] upstream = LsqQuantizerTest.gaussian(x.length, random);
    float[] steps = {stepSize, stepSize, stepSize, stepSize, stepSize};
    try (Columns columns = new Columns(grid);
        QuantizerGraph tensor = new QuantizerGraph(grid, LsqQuantizerTest.GRADIENT_SCALE)) {
      Outcome found = columns.run(x, steps, upstream);
      QuantizerGraph.Outcome expected = tensor.run(x, stepSize, upstream);
      assertArrayEquals(
          expected.xHat(), found.xHat(), LsqQuantizerTest.VALUE_TOLERANCE * grid.qMax() * stepSize);
      assertArrayEquals(expected.xGradient(), found.xGradient());
      double sum = 0;
      for (float gradient : found.stepGradient()) {
        sum += gradient;
      }
      double magnitude =
          Rule.of(x, stepSize, upstream, grid.bits(), grid.levels() == Levels.FULL).magnitude();
      assertEquals(expected.stepSizeGradient(), sum, EQUAL_STEPS_TOLERANCE * magnitude);
    }
  }

  @Test
  void aStepOfAnUnknownRankIsRefused() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> step =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.unknown()));
      String message =
          String.valueOf(
              assertThrows(
                      IllegalArgumentException.class,
                      () ->
                          LsqQuantizer.quantize(
                              tf,
                              tf.constant(new float[] {1}),
                              step,
                              QuantizationGrid.of(4),
                              LsqQuantizerTest.GRADIENT_SCALE))
                  .getMessage());
      assertTrue(message.startsWith("Step size: expected a scalar or one step a column"), message);
    }
  }

  @Provide
  Arbitrary<QuantizationGrid> grids() {
    List<QuantizationGrid> grids = new ArrayList<>();
    LsqQuantizerTest.grids().forEach(grids::add);
    return Arbitraries.of(grids);
  }

  @SuppressWarnings("MustBeClosedChecker") // closed by close(), after all tries
  private static Outcome quantize(float[] x, float[] steps, QuantizationGrid grid) {
    return GRAPHS.computeIfAbsent(grid, Columns::new).run(x, steps, new float[x.length]);
  }

  /** To the last bit, with the integers that an export finds. */
  @Property(seed = "20221016")
  void gridPointsAreFixedPoints(
      @ForAll("grids") QuantizationGrid grid,
      @ForAll @Size(min = 1, max = 6)
          List<@FloatRange(min = 1e-6f, max = 10f) @Scale(6) Float> steps) {
    int out = steps.size();
    float[] points = new float[(grid.qMax() - grid.qMin() + 1) * out];
    float[] integers = new float[points.length];
    for (int i = 0; i < points.length; i++) {
      integers[i] = grid.qMin() + i / out;
      points[i] = integers[i] * steps.get(i % out);
    }
    Outcome found = quantize(points, floats(steps), grid);
    assertArrayEquals(points, found.xHat(), LsqQuantizerTest.SIGN_OF_ZERO);
    assertArrayEquals(integers, found.integers(), LsqQuantizerTest.SIGN_OF_ZERO);
  }

  @Property(seed = "20221017")
  void resultsAreIntegersOfTheGridTimesTheStepAndAtMostHalfAStepAwayInRange(
      @ForAll("grids") QuantizationGrid grid,
      @ForAll @FloatRange(min = 1e-4f, max = 10f) @Scale(4) float first,
      @ForAll @FloatRange(min = 1e-4f, max = 10f) @Scale(4) float second,
      @ForAll @Size(min = 1, max = 20) List<@FloatRange(min = -200f, max = 200f) Float> values) {
    float[] steps = {first, second};
    float[] x = new float[2 * values.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = values.get(i / 2) * steps[i % 2];
    }
    Outcome found = quantize(x, steps, grid);
    for (int i = 0; i < x.length; i++) {
      float step = steps[i % 2];
      float integer = found.integers()[i];
      assertEquals(integer * step, found.xHat()[i], LsqQuantizerTest.SIGN_OF_ZERO);
      assertTrue(grid.qMin() <= integer && integer <= grid.qMax(), "integer " + integer);
      double v = (double) x[i] / step;
      double wanted = Math.max(grid.qMin(), Math.min(grid.qMax(), v));
      assertEquals(wanted, integer, 0.5 + 1e-4);
    }
    assertArrayEquals(found.xHat(), quantize(found.xHat(), steps, grid).xHat());
  }

  private static float[] floats(List<Float> values) {
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }
}
