package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.LsqQuantizer;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.TrainingSession.BatchSettings;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Output;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

/** What each phase moves and what it leaves alone, on the tiny BERT. */
class PhasesTest {
  private static final OptimizerSettings SETTINGS =
      new OptimizerSettings(1e-3, 1e-3, 0.01, 0.1, 1, 0.1);
  private static final float RHO = 0.05f;
  private static final DropoutSeed SEED = new DropoutSeed(11, 23);

  /** Of the norm of a perturbation that fills its ball; float32 sums of some 30,000 squares. */
  private static final double NORM_TOLERANCE = 1e-5;

  private final ModelGraph model = TinyBert.model();
  private final Batch batch = TinyBert.batch(4);

  @MustBeClosed
  private PhaseRunner runner(Method method, String alternation, String bits) {
    return runner(method, alternation, TinyBert.bits(bits));
  }

  @MustBeClosed
  private PhaseRunner runner(Method method, String alternation, Quantization quantization) {
    return new PhaseRunner(
        model,
        quantization,
        method,
        Alternation.parse(alternation),
        SETTINGS,
        TinyBert.start(model, quantization, 7));
  }

  private static BatchSettings settings(float rho, float dropoutRate, DropoutSeed seed) {
    return new BatchSettings(1e-3f, 1e-3f, rho, dropoutRate, seed);
  }

  @Test
  void sharpnessPhaseMovesWeightsAloneAndStepSizePhaseStepSizesAlone() {
    try (PhaseRunner runner = runner(Method.SQUAT, "within", "4-8-8")) {
      BatchSettings settings = settings(RHO, 0.1f, SEED);
      for (int round = 0; round < 2; round++) {
        Map<String, float[]> weights = runner.values(VariableGroup.WEIGHTS);
        Map<String, float[]> steps = runner.values(VariableGroup.STEP_SIZES);

        runner.run(runner.phases.batch.get(0), batch, settings);
        assertSame(weights, runner.values(VariableGroup.WEIGHTS), "weights after ascend");
        assertSame(steps, runner.values(VariableGroup.STEP_SIZES), "steps after ascend");
        assertEquals(
            RHO,
            norm(runner.values(VariableGroup.PERTURBATIONS).values()),
            RHO * NORM_TOLERANCE,
            "norm of e");

        runner.run(runner.phases.batch.get(1), batch, settings);
        Map<String, float[]> moved = runner.values(VariableGroup.WEIGHTS);
        assertAllMoved(weights, moved);
        assertSame(steps, runner.values(VariableGroup.STEP_SIZES), "steps after descend");
        assertAllZero(runner.values(VariableGroup.PERTURBATIONS));

        runner.run(runner.phases.batch.get(2), batch, settings);
        assertSame(
            moved, runner.values(VariableGroup.WEIGHTS), "weights after the step-size phase");
        assertAllMoved(steps, runner.values(VariableGroup.STEP_SIZES));
        assertAllZero(runner.values(VariableGroup.PERTURBATIONS));
        assertEquals(3, runner.phases.batch.size());
      }
    }
  }

  /** Adam's first update is the rate times the step, whatever the gradient's size. */
  @Test
  void everyChannelsStepMovesByItself() {
    float rate = 1e-3f;
    try (PhaseRunner runner = runner(Method.SQUAT, "within", TinyBert.channels("4-8-8"))) {
      Map<String, float[]> before = runner.values(VariableGroup.STEP_SIZES);
      runner.runBatch(batch, settings(RHO, 0, SEED));
      Map<String, float[]> after = runner.values(VariableGroup.STEP_SIZES);
      int up = 0;
      int down = 0;
      int channels = 0;
      for (String name : before.keySet()) {
        float[] steps = requireNonNull(before.get(name));
        float[] moved = requireNonNull(after.get(name));
        channels += steps.length > 1 ? 1 : 0;
        for (int i = 0; i < steps.length; i++) {
          double change = (moved[i] - steps[i]) / steps[i];
          up += change > 0 ? 1 : 0;
          down += change < 0 ? 1 : 0;
          assertEquals(rate, Math.abs(change), 0.1 * rate, name + " " + i);
        }
      }
      assertEquals(13, channels);
      assertTrue(up > 100 && down > 100, up + " up and " + down + " down");
    }
  }

  @Test
  void extraBatchMovesStepSizesAlone() {
    try (PhaseRunner runner = runner(Method.SQUAT, "batches:2", "4-8-8")) {
      BatchSettings settings = settings(RHO, 0.1f, SEED);
      Map<String, float[]> steps = runner.values(VariableGroup.STEP_SIZES);
      runner.runBatch(batch, settings);
      Map<String, float[]> weights = runner.values(VariableGroup.WEIGHTS);
      assertSame(steps, runner.values(VariableGroup.STEP_SIZES), "steps after a sharpness batch");
      assertAllZero(runner.values(VariableGroup.PERTURBATIONS));

      runner.run(requireNonNull(runner.phases.extraBatch), TinyBert.batch(5), settings);
      assertSame(weights, runner.values(VariableGroup.WEIGHTS), "weights after a step-size batch");
      assertAllMoved(steps, runner.values(VariableGroup.STEP_SIZES));
      assertAllZero(runner.values(VariableGroup.PERTURBATIONS));
    }
  }

  @Test
  void jointMethodLeavesNoPerturbation() {
    try (PhaseRunner runner = runner(Method.SAQ, "within", "2-4-8")) {
      Map<String, float[]> steps = runner.values(VariableGroup.STEP_SIZES);
      runner.runBatch(batch, settings(RHO, 0.1f, SEED));
      assertAllZero(runner.values(VariableGroup.PERTURBATIONS));
      assertAllMoved(steps, runner.values(VariableGroup.STEP_SIZES));
    }
  }

  /** Activations in float: their quantizers make the loss piecewise constant. */
  @ParameterizedTest
  @ValueSource(floats = {0.002f, 0.01f})
  void ascentRaisesTheLossByRhoTimesTheNormOfTheGradient(float rho) {
    double tolerance = 0.05;
    try (PhaseRunner runner = runner(Method.SQUAT, "within", "4-8-32")) {
      List<Output<TFloat32>> gradients =
          runner.training.gradients(
              "test", runner.training.model().variables(VariableGroup.PERTURBATIONS));
      double norm = norm(runner.fetch(batch, gradients));
      double clean = runner.loss(batch);
      runner.run(runner.phases.batch.get(0), batch, settings(rho, 0, SEED));
      double rise = runner.loss(batch) - clean;
      assertEquals(rho * norm, rise, rho * norm * tolerance);
    }
  }

  /**
   * Without perturbation the passes of a batch see the same weights: a mask makes the difference.
   */
  @Test
  void bothPassesOfABatchDrawTheSameDropoutMasks() {
    try (PhaseRunner runner = runner(Method.SQUAT, "within", "4-8-8")) {
      Op ascend = runner.phases.batch.get(0);
      Op descend = runner.phases.batch.get(1);
      float half = 0.5f;
      float other = runner.run(ascend, batch, settings(0, half, new DropoutSeed(11, 24)));
      float first = runner.run(ascend, batch, settings(0, half, SEED));
      float second = runner.run(descend, batch, settings(0, half, SEED));
      assertEquals(first, second, 0f);
      assertNotEquals(first, other, 0f);
    }
  }

  @ParameterizedTest
  @EnumSource
  void stepSizesStayPositive(Granularity granularity) {
    Quantization quantization = new Quantization(BitWidths.parse("4-8-8"), null, granularity);
    try (PhaseRunner runner = runner(Method.SQUAT, "within", quantization)) {
      BatchSettings steep = new BatchSettings(1e-3f, 0.9f, RHO, 0, SEED);
      Map<String, float[]> start = runner.values(VariableGroup.STEP_SIZES);
      boolean fallen = false;
      for (int i = 0; i < 4; i++) {
        assertTrue(Float.isFinite(runner.runBatch(TinyBert.batch(i), steep)), "loss " + i);
        Map<String, float[]> steps = runner.values(VariableGroup.STEP_SIZES);
        for (String name : steps.keySet()) {
          float[] numbers = requireNonNull(steps.get(name));
          for (int at = 0; at < numbers.length; at++) {
            assertTrue(numbers[at] >= LsqQuantizer.MIN_STEP, name + " is " + numbers[at]);
            fallen |= numbers[at] < 0.2f * requireNonNull(start.get(name))[at];
          }
        }
      }
      assertTrue(fallen, "expected a step size that was driven down");
    }
  }

  private static void assertSame(
      Map<String, float[]> expected, Map<String, float[]> found, String what) {
    expected.forEach(
        (name, values) ->
            assertArrayEquals(
                bits(values), bits(requireNonNull(found.get(name), name)), what + ", " + name));
    assertEquals(expected.keySet(), found.keySet());
    assertFalse(found.isEmpty());
  }

  private static void assertAllMoved(Map<String, float[]> before, Map<String, float[]> after) {
    before.forEach(
        (name, values) -> assertFalse(Arrays.equals(values, after.get(name)), name + " stayed"));
    assertFalse(before.isEmpty());
  }

  private static void assertAllZero(Map<String, float[]> perturbations) {
    perturbations.forEach(
        (name, values) -> assertArrayEquals(new int[values.length], bits(values), name));
    assertFalse(perturbations.isEmpty());
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  private static double norm(Collection<float[]> tensors) {
    return PlainTraining.norm(tensors.stream().map(PlainTraining::doubles).toList());
  }
}
