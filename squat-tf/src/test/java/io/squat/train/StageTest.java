package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batches;
import io.squat.glue.Casing;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Split;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.train.TrainingSession.BatchSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A stage whose weights become NaN on the way. */
class StageTest {
  private static final int CHECKPOINT_STEPS = 2;
  private static final StageSettings FLOAT =
      new StageSettings(StageSettings.FLOAT, 0, Method.FP, 1, 0);

  private final ModelGraph model = TinyBert.model();
  private final RunSettings settings = TestRun.settings(Method.FP, "within", 3);
  private final EncodedRows rows =
      new EncodedRows(
          encoded(Split.TRAIN), encoded(Split.DEV), Map.of("others", encoded(Split.TRAIN)));

  @TempDir Path folder;

  private static EncodedExamples encoded(Split split) {
    try (WordPiece wordPiece = WordPiece.open(TinyBert.vocabulary(), Casing.UNCASED)) {
      return wordPiece.encode(TinyBert.examples(split), 32);
    }
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
  private TrainingSession session() {
    TrainingSession session =
        new TrainingSession(
            model,
            Quantization.NONE,
            Method.FP,
            Alternation.WITHIN,
            settings.optimizer(),
            3,
            Device.CPU.config(2));
    session.startWeights(SavedModelFiles.checkpoint(TinyBert.folder()), ModelVariable::stored);
    return session;
  }

  private Stage stage(TrainingSession session) {
    return stage(session, folder);
  }

  private Stage stage(TrainingSession session, Path folder) {
    return new Stage(new RunFolder(folder), settings, FLOAT, session, rows, CHECKPOINT_STEPS);
  }

  /** Runs until the weights are not numbers from a step on. */
  private String failure(long brokenStep) {
    try (TrainingSession session = session()) {
      Progress breaking =
          TestRun.steps(
              StageSettings.FLOAT,
              done -> {
                if (done == brokenStep) {
                  session.train(
                      TinyBert.batch(1), new BatchSettings(Float.NaN, 0, 0, 0, DropoutSeed.NONE));
                }
              });
      return String.valueOf(
          assertThrows(IllegalStateException.class, () -> stage(session).run(breaking))
              .getMessage());
    }
  }

  private void assertLastCheckpoint(long step) {
    Path prefix = new RunFolder(folder).stage(StageSettings.FLOAT).lastCheckpoint().orElseThrow();
    assertEquals(step, StageFolder.position(prefix).step());
    for (ModelVariable variable : model.variables()) {
      for (float value : TinyBert.read(prefix, variable.name())) {
        assertTrue(Float.isFinite(value), variable.name() + " in " + prefix);
      }
    }
  }

  private static RunSettings squat(String alternation) {
    return TestRun.epochs(
        TestRun.settings(Method.SQUAT, alternation, 3),
        4,
        1,
        new OptimizerSettings(1e-3, 2e-3, 0.01, 0.25, 1, 0.1));
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
  private TrainingSession session(RunSettings squat) {
    TrainingSession session =
        new TrainingSession(
            model,
            squat.quantization(),
            squat.method(),
            Alternation.parse(squat.alternation()),
            squat.optimizer(),
            3,
            Device.CPU.config(2));
    session.startWeights(SavedModelFiles.checkpoint(TinyBert.folder()), ModelVariable::stored);
    Map<String, List<Float>> steps = new HashMap<>();
    TinyBert.start(model, squat.quantization(), 3)
        .forEach((name, values) -> steps.put(name, Floats.asList(values)));
    session.startStepSizes(steps);
    return session;
  }

  /**
   * Which rows, rates, masks and phases a stage gives its session, written out: 8 steps, of them 2
   * of warm-up, after 4 epochs in float.
   */
  @ParameterizedTest
  @ValueSource(strings = {"within", "batches:3"})
  void aStageIsTheStepsOfItsSession(String alternation) throws IOException {
    RunSettings squat = squat(alternation);
    double[] factors = {1 / 2.0, 1, 1, 5 / 6.0, 4 / 6.0, 3 / 6.0, 2 / 6.0, 1 / 6.0};
    List<Float> losses = new ArrayList<>();
    List<Float> ofSteps = new ArrayList<>();
    Path expected = folder.resolve("expected");
    try (TrainingSession session = session(squat)) {
      for (int step = 0; step < factors.length; step++) {
        float rate = (float) (factors[step] * 1e-3);
        float stepRate = (float) (factors[step] * 2e-3);
        losses.add(
            session.train(
                Batches.shuffled(rows.train(), 8, 3, 4).get(step),
                new BatchSettings(rate, stepRate, 0.05f, 0.1f, DropoutSeed.of(3, 2, step))));
        if (alternation.equals("batches:3") && step % 3 == 2) {
          int draw = step / 3;
          ofSteps.add(
              session.trainStepSizes(
                  Batches.shuffled(rows.train(), 8, 3 ^ 0x5DEECE66DL, 4).get(draw),
                  new BatchSettings(rate, stepRate, 0.05f, 0.1f, DropoutSeed.of(3, 3, draw))));
        }
      }
      session.saveModel(expected);
    }
    RunFolder run = new RunFolder(folder.resolve("run"));
    try (TrainingSession session = session(squat)) {
      StageSettings stage = new StageSettings(StageSettings.QUANTIZED, 1, Method.SQUAT, 1, 4);
      new Stage(run, squat, stage, session, rows, CHECKPOINT_STEPS).run(Progress.NONE);
    }
    List<MetricsLine> steps =
        run.stage(StageSettings.QUANTIZED).metricsLines().stream()
            .filter(line -> line.loss() != null)
            .toList();
    assertEquals(losses, steps.stream().map(MetricsLine::loss).toList());
    assertEquals(
        ofSteps, steps.stream().map(MetricsLine::stepSizeLoss).filter(Objects::nonNull).toList());
    for (int step = 0; step < factors.length; step++) {
      assertEquals(factors[step] * 1e-3, requireNonNull(steps.get(step).learningRate()), 1e-12);
    }
    String values = ".data-00000-of-00001";
    assertArrayEquals(
        Files.readAllBytes(Path.of(expected + values)),
        Files.readAllBytes(Path.of(run.stage(StageSettings.QUANTIZED).variables() + values)));
  }

  @Test
  void lossThatIsNoNumberStopsTheRunAndNamesStepAndCheckpoint() {
    String message = failure(5);
    assertTrue(message.contains("loss is NaN at step 6 of 8"), message);
    assertTrue(message.contains(Path.of("checkpoints", "step-4").toString()), message);
    assertLastCheckpoint(4);
  }

  @Test
  void brokenWeightsAreNotWrittenAsACheckpoint() {
    String message = failure(4);
    assertTrue(message.contains("at step 4 of 8"), message);
    assertTrue(message.contains(Path.of("checkpoints", "step-2").toString()), message);
    assertLastCheckpoint(2);
  }

  @Test
  void brokenWeightsAreNotWrittenAsTheModel() {
    String message = failure(8);
    assertTrue(message.contains("at step 8 of 8"), message);
    StageFolder stage = new RunFolder(folder).stage(StageSettings.FLOAT);
    assertFalse(stage.isDone());
    assertFalse(stage.devPredictions(FLOAT.epochs()).isPresent());
    assertLastCheckpoint(6);
  }

  @Test
  void goesOnFromTheLastGoodCheckpoint() {
    failure(5);
    try (TrainingSession session = session()) {
      stage(session).run(Progress.NONE);
    }
    assertTrue(new RunFolder(folder).stage(StageSettings.FLOAT).isDone());
  }

  @Test
  void saysThatThereIsNoCheckpoint() {
    String message = failure(1);
    assertTrue(message.contains("loss is NaN at step 2 of 8"), message);
    assertTrue(message.contains("no checkpoint"), message);
    assertTrue(message.contains("--lr"), message);
  }

  /** The last thing that a stage does, after its last step and score. */
  @Test
  void stoppedWhileFurtherRowsAreScoredItGoesOnToTheSameNumbers() throws IOException {
    Path stopped = folder.resolve("stopped");
    try (TrainingSession session = session()) {
      assertThrows(
          CancellationException.class,
          () -> stage(session, stopped).run(new StoppingAtFurtherRows()));
    }
    RunFolder run = new RunFolder(stopped);
    assertEquals(
        8,
        StageFolder.position(run.stage(StageSettings.FLOAT).lastCheckpoint().orElseThrow()).step());
    assertFalse(run.stage(StageSettings.FLOAT).isDone());
    Path whole = folder.resolve("whole");
    for (Path each : List.of(stopped, whole)) {
      try (TrainingSession session = session()) {
        stage(session, each).run(Progress.NONE);
      }
    }
    for (String file :
        List.of("variables.data-00000-of-00001", "dev-predictions.txt", "further-scores.json")) {
      assertArrayEquals(
          Files.readAllBytes(whole.resolve("float/model").resolve(file)),
          Files.readAllBytes(stopped.resolve("float/model").resolve(file)),
          file);
    }
    assertEquals(
        Set.of("others"), new RunFolder(whole).stage(StageSettings.FLOAT).furtherScores().keySet());
  }

  private static final class StoppingAtFurtherRows implements Progress, Progress.Work {
    @Override
    public Work begin(String name, String unit, long total) {
      return this;
    }

    @Override
    public void step(long count) {}

    @Override
    public void message(String text) {
      if (text.startsWith("scoring")) {
        throw new CancellationException();
      }
    }

    @Override
    public void close() {}
  }
}
