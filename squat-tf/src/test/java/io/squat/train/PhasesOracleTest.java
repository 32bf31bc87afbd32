package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Batch;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.LsqQuantizer;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.TrainingSession.BatchSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Twenty steps of every method against {@link PlainTraining}. */
class PhasesOracleTest {
  private static final int STEPS = 20;
  private static final int ROWS = 5;
  private static final double RHO = 0.05;

  /** Of the largest magnitude that a tensor has had. */
  private static final double RELATIVE_TOLERANCE = 1e-5;

  private static final OptimizerSettings COARSE =
      new OptimizerSettings(0.02, 0.002, 0.3, 0.2, 0.6, 0);

  /**
   * For grids of 8 bits: the gradient of their step is a sum of rounding residuals, which have two
   * digits less than the values in float32, and so its rate must be smaller.
   */
  private static final OptimizerSettings FINE =
      new OptimizerSettings(0.02, 0.0005, 0.3, 0.2, 0.6, 0);

  /** Step sizes that are driven into their lower bound, which one of them starts from. */
  private static final OptimizerSettings STEEP =
      new OptimizerSettings(0.02, 0.02, 0.3, 0.2, 0.6, 0);

  private static final List<String> WEIGHTS =
      List.of(
          SmallModel.TABLE,
          SmallModel.KERNEL,
          SmallModel.BIAS,
          PlainModel.HEAD_KERNEL,
          PlainModel.HEAD_BIAS);

  private record Case(
      Method method,
      String alternation,
      String bits,
      Granularity granularity,
      OptimizerSettings settings,
      int clamped) {
    Case(Method method, String alternation, String bits, OptimizerSettings settings, int clamped) {
      this(method, alternation, bits, Granularity.TENSOR, settings, clamped);
    }

    Quantization quantization() {
      return new Quantization(BitWidths.parse(bits), null, granularity);
    }

    @Override
    public String toString() {
      return method
          + " "
          + alternation
          + " "
          + bits
          + " "
          + granularity.label()
          + (clamped > 0 ? " clamped" : "");
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(Method.FP, "within", "32-32-32", COARSE, 0),
        new Case(Method.LSQ, "within", "4-8-8", FINE, 0),
        new Case(Method.SAQ, "within", "4-8-8", FINE, 0),
        new Case(Method.SQUAT, "within", "4-8-8", FINE, 0),
        new Case(Method.LSQ, "within", "2-4-3", COARSE, 0),
        new Case(Method.SAQ, "within", "2-4-3", COARSE, 0),
        new Case(Method.SQUAT, "within", "2-4-3", COARSE, 0),
        new Case(Method.SQUAT, "within", "3-2-8", FINE, 0),
        new Case(Method.SQUAT, "batches:3", "4-8-8", FINE, 0),
        new Case(Method.LSQ, "within", "4-3-3", STEEP, 1),
        new Case(Method.SQUAT, "within", "4-3-3", STEEP, 1),
        new Case(Method.LSQ, "within", "4-8-8", Granularity.CHANNEL, FINE, 0),
        new Case(Method.SAQ, "within", "2-4-3", Granularity.CHANNEL, COARSE, 0),
        new Case(Method.SQUAT, "within", "3-2-8", Granularity.CHANNEL, FINE, 0),
        new Case(Method.SQUAT, "within", "2-4-3", Granularity.CHANNEL, COARSE, 0),
        new Case(Method.SQUAT, "batches:3", "4-8-8", Granularity.CHANNEL, FINE, 0),
        new Case(Method.SQUAT, "within", "4-3-3", Granularity.CHANNEL, STEEP, 1));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsPlainJava(Case tested) {
    Alternation alternation = Alternation.parse(tested.alternation());
    Quantization quantization =
        tested.method().quantized() ? tested.quantization() : Quantization.NONE;
    Map<String, PlainModel.Grid> grids = grids(tested.bits(), tested.granularity());
    Map<String, float[]> start = start(grids, tested.granularity());
    if (tested.clamped() > 0) {
      String clamped =
          tested.granularity() == Granularity.TENSOR ? SmallModel.TABLE : SmallModel.KERNEL;
      float[] steps = requireNonNull(start.get(clamped + PlainModel.STEP));
      // Some go up from there.
      Arrays.fill(steps, steps.length / 2, steps.length, 1.001f * LsqQuantizer.MIN_STEP);
    }
    Map<String, Double> magnitudes = new TreeMap<>();
    PlainTraining plain = new PlainTraining(new PlainModel(grids), tested.settings(), RHO, start);
    try (PhaseRunner graph =
        new PhaseRunner(
            SmallModel.build(),
            quantization,
            tested.method(),
            alternation,
            tested.settings(),
            start)) {
      for (int step = 0; step < STEPS; step++) {
        String where = tested + " step " + step;
        double factor = factor(step);
        BatchSettings rates = rates(tested.settings(), step);
        double expected = plain.train(tested.method(), alternation, batch(step), factor);
        assertEquals(
            expected, graph.runBatch(batch(step), rates), expected * RELATIVE_TOLERANCE, where);
        assertValues(plain, graph, magnitudes, where);
        if (graph.phases.extraBatch != null && (step + 1) % alternation.sharpnessBatches() == 0) {
          Batch extra = batch(100 + step);
          double expectedExtra = plain.trainSteps(extra, factor);
          assertEquals(
              expectedExtra,
              graph.run(graph.phases.extraBatch, extra, rates),
              expectedExtra * RELATIVE_TOLERANCE,
              where);
          assertValues(plain, graph, magnitudes, where + " (step sizes)");
        }
      }
    }
    assertTrue(
        plain.clippedUpdates > 0 && plain.clippedUpdates < plain.updates,
        tested + ": expected some updates to be clipped, found " + plain.clippedUpdates);
    assertTrue(
        plain.clampedSteps >= tested.clamped(),
        tested + ": expected clamped step sizes, found " + plain.clampedSteps);
  }

  private static void assertValues(
      PlainTraining plain, PhaseRunner graph, Map<String, Double> magnitudes, String where) {
    plain.values.forEach(
        (name, expected) -> {
          float[] found = graph.value(name);
          double largest =
              magnitudes.merge(
                  name, Arrays.stream(expected).map(Math::abs).max().orElseThrow(), Math::max);
          for (int i = 0; i < expected.length; i++) {
            assertEquals(
                expected[i], found[i], largest * RELATIVE_TOLERANCE, where + " " + name + " " + i);
          }
        });
    assertEquals(
        plain.values.size(),
        graph.names(VariableGroup.WEIGHTS).size() + graph.names(VariableGroup.STEP_SIZES).size());
  }

  /** Warm-up over 4 of 20 steps, then linear decay. */
  private static double factor(int step) {
    return step < 4 ? (step + 1) / 4.0 : (20 - step) / 16.0;
  }

  private static BatchSettings rates(OptimizerSettings settings, int step) {
    double factor = settings.rateFactor(step, STEPS);
    return new BatchSettings(
        (float) (factor * settings.learningRate()),
        (float) (factor * settings.stepLearningRate()),
        (float) RHO,
        0,
        DropoutSeed.NONE);
  }

  private static Map<String, PlainModel.Grid> grids(String bits, Granularity granularity) {
    String[] widths = bits.split("-", -1);
    Map<String, PlainModel.Grid> grids = new TreeMap<>();
    int column = SmallModel.HIDDEN;
    int sharing = granularity == Granularity.CHANNEL ? column : column * SmallModel.FEATURES;
    grid(grids, SmallModel.KERNEL, widths[0], sharing, true);
    grid(grids, SmallModel.TABLE, widths[1], SmallModel.VOCABULARY * SmallModel.HIDDEN, true);
    grid(grids, SmallModel.INPUT, widths[2], SmallModel.HIDDEN, false);
    return grids;
  }

  /** Two bits of weights are ternary, all else has the full range of two's complement. */
  private static void grid(
      Map<String, PlainModel.Grid> grids, String name, String width, int n, boolean weight) {
    int bits = Integer.parseInt(width);
    if (bits <= 8) {
      int half = 1 << (bits - 1);
      grids.put(name, PlainModel.Grid.of(weight && bits == 2 ? -1 : -half, half - 1, n));
    }
  }

  /** Weights of deviations that let some of them lie outside of their quantizer's range. */
  private static Map<String, float[]> start(
      Map<String, PlainModel.Grid> grids, Granularity granularity) {
    Random random = new Random(20);
    Map<String, float[]> start = new TreeMap<>();
    int[] sizes = {
      SmallModel.VOCABULARY * SmallModel.HIDDEN,
      SmallModel.HIDDEN * SmallModel.FEATURES,
      SmallModel.FEATURES,
      SmallModel.FEATURES * SmallModel.CLASSES,
      SmallModel.CLASSES
    };
    for (int i = 0; i < sizes.length; i++) {
      start.put(WEIGHTS.get(i), TinyBert.gaussian(random, sizes[i], 0.7));
    }
    // The largest values differ, so that none of one quantizer lies on a bound of the next one.
    Map<String, Float> largest =
        Map.of(SmallModel.KERNEL, 1.1f, SmallModel.TABLE, 1.3f, SmallModel.INPUT, 0.9f);
    grids.forEach(
        (name, grid) ->
            start.put(
                name + PlainModel.STEP,
                new float[] {requireNonNull(largest.get(name)) / grid.high()}));
    if (granularity == Granularity.CHANNEL) {
      float[] first = requireNonNull(start.get(SmallModel.KERNEL + PlainModel.STEP));
      float[] steps = new float[SmallModel.FEATURES];
      for (int column = 0; column < steps.length; column++) {
        steps[column] = first[0] * (0.5f + 0.3f * column);
      }
      start.put(SmallModel.KERNEL + PlainModel.STEP, steps);
    }
    return start;
  }

  private static Batch batch(int number) {
    Random random = new Random(1000 + number);
    int[] ids = new int[ROWS * SmallModel.TOKENS];
    int[] mask = new int[ids.length];
    Arrays.setAll(ids, i -> random.nextInt(SmallModel.VOCABULARY));
    Arrays.setAll(mask, i -> i % SmallModel.TOKENS == 0 ? 1 : random.nextInt(2));
    float[] labels = new float[ROWS];
    int[] rowIndices = new int[ROWS];
    for (int row = 0; row < ROWS; row++) {
      labels[row] = ids[row * SmallModel.TOKENS] % SmallModel.CLASSES;
      rowIndices[row] = row;
    }
    return new Batch(ROWS, SmallModel.TOKENS, ids, mask, new int[ids.length], labels, rowIndices);
  }
}
