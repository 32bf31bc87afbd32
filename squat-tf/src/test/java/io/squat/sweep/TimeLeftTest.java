package io.squat.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.glue.Casing;
import io.squat.glue.GlueTask;
import io.squat.ops.Granularity;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import io.squat.train.RunSettings;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** How long the rest of a sweep takes, reckoned by hand. */
class TimeLeftTest {
  private static final int STEPS = 100;
  private static final double START = 30;

  private static RunStatus run(
      GlueTask task,
      Method method,
      String alternation,
      RunStatus.State state,
      long step,
      double seconds) {
    RunSettings settings =
        new RunSettings(
            task,
            "train",
            "dev",
            "model",
            SavedModelReader.Choice.DEFAULT,
            Casing.UNCASED,
            method,
            "2-8-8",
            null,
            Granularity.TENSOR,
            alternation,
            0.01,
            1,
            1,
            8,
            32,
            OptimizerSettings.DEFAULT,
            null,
            null,
            1);
    SweepRun run = new SweepRun("runs/x", "x", settings, null, List.of(), STEPS);
    return new RunStatus(run, state, step, Map.of(), null, seconds + START, seconds, step, null);
  }

  @Test
  void nothingIsKnownBeforeTheFirstStep() {
    assertEquals(
        OptionalDouble.empty(),
        TimeLeft.of(
            List.of(run(GlueTask.MRPC, Method.LSQ, "within", RunStatus.State.WAITING, 0, 0)), 1));
  }

  @Test
  void aStepCostsItsPasses() {
    // 100 steps of one pass in 50 s.
    RunStatus done = run(GlueTask.MRPC, Method.LSQ, "within", RunStatus.State.DONE, STEPS, 50);
    assertEquals(
        OptionalDouble.of(100),
        TimeLeft.of(
            List.of(done, run(GlueTask.MRPC, Method.SAQ, "within", RunStatus.State.WAITING, 0, 0)),
            1));
    assertEquals(
        OptionalDouble.of(150),
        TimeLeft.of(
            List.of(
                done, run(GlueTask.MRPC, Method.SQUAT, "batches:1", RunStatus.State.WAITING, 0, 0)),
            1));
    assertEquals(
        OptionalDouble.of(62.5),
        TimeLeft.of(
            List.of(
                done, run(GlueTask.MRPC, Method.SQUAT, "batches:2", RunStatus.State.WAITING, 0, 0)),
            2));
  }

  @Test
  void theSameTaskAndMethodSayMore() {
    RunStatus other = run(GlueTask.QNLI, Method.LSQ, "within", RunStatus.State.DONE, STEPS, 500);
    RunStatus task = run(GlueTask.MRPC, Method.SQUAT, "within", RunStatus.State.DONE, STEPS, 80);
    RunStatus half = run(GlueTask.MRPC, Method.LSQ, "within", RunStatus.State.RUNNING, 50, 30);
    RunStatus failed = run(GlueTask.MRPC, Method.LSQ, "within", RunStatus.State.FAILED, 0, 0);
    // 0.6 s a step by its own 50.
    assertEquals(OptionalDouble.of(30), TimeLeft.of(List.of(other, task, half, failed), 1));
    // 0.4 s a pass by the same task's squat.
    RunStatus waiting = run(GlueTask.MRPC, Method.LSQ, "within", RunStatus.State.WAITING, 0, 0);
    assertEquals(OptionalDouble.of(40), TimeLeft.of(List.of(other, task, waiting), 1));
    // 5 s a pass by another task.
    assertEquals(OptionalDouble.of(500), TimeLeft.of(List.of(other, waiting), 1));
  }
}
