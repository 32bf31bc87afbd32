package io.squat.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.files.FolderLock;
import io.squat.ops.Granularity;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.savedmodels.StoredTensor;
import io.squat.savedmodels.VariableGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs: stopped, killed and resumed ones give the numbers of one that was left alone. */
class TrainerTest {
  static final long SEED = 3;
  private static final RunSettings SETTINGS = TestRun.settings(Method.SQUAT, "within", SEED);
  private static final List<String> STAGES = List.of(StageSettings.FLOAT, StageSettings.QUANTIZED);
  private static final int KILLED = 128 + 9;

  @TempDir static Path undisturbed;

  @TempDir Path folder;

  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @BeforeAll
  static void train() {
    TestRun.train(SETTINGS, undisturbed, Progress.NONE);
  }

  private static Progress stopAt(String stage, long step) {
    return TestRun.steps(
        stage,
        done -> {
          if (done == step) {
            throw new Stopped();
          }
        });
  }

  /** Before the first checkpoint, between two, at an epoch's end, right before the last step's. */
  @Test
  void runThatIsStoppedAgainAndAgainEndsTheSameBitForBit() throws IOException {
    stopAndLeaveTraces(StageSettings.FLOAT, 2);
    stopAndLeaveTraces(StageSettings.FLOAT, 5);
    stopAndLeaveTraces(StageSettings.QUANTIZED, 8);
    stopAndLeaveTraces(StageSettings.QUANTIZED, 10);
    stopAndLeaveTraces(StageSettings.QUANTIZED, 16);
    TestRun.train(SETTINGS, folder, Progress.NONE);
    assertSameRun(undisturbed, folder);
  }

  private void stopAndLeaveTraces(String stage, long step) throws IOException {
    assertThrows(Stopped.class, () -> TestRun.train(SETTINGS, folder, stopAt(stage, step)));
    assertFalse(Files.exists(folder.resolve("result.json")));
    // What a kill can leave besides: a line cut off, and what was being written beside its place.
    Files.writeString(
        folder.resolve(stage).resolve("metrics.jsonl"),
        "{\"step\":4,\"dev\":{\"Matthews\":0.1}",
        UTF_8,
        StandardOpenOption.APPEND);
    Files.createDirectories(folder.resolve(stage).resolve(".part-model"));
    Files.writeString(folder.resolve(stage).resolve(".part-model").resolve("variables"), "x");
  }

  /** At the first call with so many steps done it is the step's own, later ones are of scoring. */
  private void cancel(String stage, long step, int call) {
    int[] calls = new int[1];
    Progress cancelling =
        TestRun.steps(
            stage,
            done -> {
              if (done == step && ++calls[0] == call) {
                throw new CancellationException("stopped");
              }
            });
    CancellationException stopped =
        assertThrows(
            CancellationException.class, () -> TestRun.train(SETTINGS, folder, cancelling));
    String message = String.valueOf(stopped.getMessage());
    assertTrue(message.contains("stopped at step " + step + " of "), message);
    Path checkpoint = new RunFolder(folder).stage(stage).lastCheckpoint().orElseThrow();
    assertEquals(step, StageFolder.position(checkpoint).step());
  }

  @Test
  void runThatIsCancelledKeepsEveryStepAndEndsTheSameBitForBit() throws IOException {
    cancel(StageSettings.FLOAT, 5, 1);
    cancel(StageSettings.FLOAT, 8, 1); // the last step, not scored yet
    cancel(StageSettings.QUANTIZED, 1, 1);
    cancel(StageSettings.QUANTIZED, 8, 2); // while it is scored
    cancel(StageSettings.QUANTIZED, 13, 1);
    TestRun.train(SETTINGS, folder, Progress.NONE);
    assertSameRun(undisturbed, folder);
  }

  @Test
  @Timeout(120)
  void killedRunGoesOnBitForBit() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                KilledRun.class.getName(),
                folder.toString(),
                StageSettings.QUANTIZED,
                "11")
            .redirectErrorStream(true)
            .start();
    StringBuilder output = new StringBuilder();
    try (BufferedReader lines = process.inputReader(UTF_8)) {
      String line = lines.readLine();
      while (line != null && !line.equals(KilledRun.REACHED)) {
        output.append(line).append('\n');
        line = lines.readLine();
      }
      assertEquals(KilledRun.REACHED, line, output.toString());
    } finally {
      process.destroyForcibly();
    }
    assertEquals(KILLED, process.waitFor());
    assertEquals(
        List.of("step-8", "step-9"),
        names(folder.resolve(StageSettings.QUANTIZED).resolve("checkpoints")));
    TestRun.train(SETTINGS, folder, Progress.NONE);
    assertSameRun(undisturbed, folder);
  }

  /** The float stage of a run by another method, of the same settings in float. */
  @Test
  void takenFloatStageGivesTheRunThatTrainsItsOwn() throws IOException {
    RunSettings settings = TestRun.settings(Method.LSQ, "within", SEED);
    Path own = folder.resolve("own");
    Path taking = folder.resolve("taking");
    TestRun.train(settings, own, Progress.NONE);
    long[] floatSteps = new long[1];
    TestRun.train(
        settings,
        TinyBert.folder(),
        new RunFolder(undisturbed),
        taking,
        TestRun.steps("(float)", done -> floatSteps[0]++));
    assertEquals(0, floatSteps[0]);
    assertSameRun(own, taking);
    // Nothing of the run that it was taken from has moved.
    assertArrayEquals(
        Files.readAllBytes(own.resolve("float/metrics.jsonl")),
        Files.readAllBytes(undisturbed.resolve("float/metrics.jsonl")));
  }

  @Test
  void refusesAFloatStageOfOtherSettingsAndWritesNothing() {
    String message = refusedFloatRun(TestRun.settings(Method.LSQ, "within", SEED + 1), undisturbed);
    assertTrue(message.startsWith(undisturbed.toString()), message);
    assertTrue(message.contains("seed 3 there and 4 wanted"), message);
    assertFalse(message.contains("method"), message);
    assertFalse(Files.exists(folder.resolve("run")));
  }

  /** With no epoch of its own it is that model, which is no longer the one that was given. */
  @Test
  void theQuantizedStageBeginsWithTheModelOfTheFloatStage() {
    RunSettings usual = TestRun.settings(Method.LSQ, "within", SEED);
    RunSettings settings = TestRun.epochs(usual, 1, 0, usual.optimizer());
    RunFolder run = new RunFolder(folder.resolve("run"));
    TestRun.train(settings, run.root(), Progress.NONE);
    int moved = 0;
    for (ModelVariable variable : TinyBert.model().variables(VariableGroup.WEIGHTS)) {
      float[] inFloat = TinyBert.read(run.stage(StageSettings.FLOAT).variables(), variable.name());
      assertArrayEquals(
          inFloat,
          TinyBert.read(run.stage(StageSettings.QUANTIZED).variables(), variable.name()),
          variable.name());
      StoredTensor given = variable.stored();
      if (given != null
          && !Arrays.equals(
              inFloat, TinyBert.read(SavedModelFiles.checkpoint(TinyBert.folder()), given.key()))) {
        moved++;
      }
    }
    assertTrue(moved > 20, moved + " variables were trained");
  }

  @Test
  void refusesPhasesOfWhichOneWouldNeverCome() {
    Path run = folder.resolve("run");
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                TestRun.train(
                    TestRun.settings(Method.SQUAT, "batches:17", SEED), run, Progress.NONE));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("at most the 16 steps"), refused.toString());
    assertFalse(Files.exists(run));
  }

  @Test
  void refusesAFloatStageThatIsNotFinished() {
    Path unfinished = folder.resolve("unfinished");
    assertThrows(
        Stopped.class, () -> TestRun.train(SETTINGS, unfinished, stopAt(StageSettings.FLOAT, 5)));
    String message = refusedFloatRun(SETTINGS, unfinished);
    assertTrue(message.contains("stage float is not finished"), message);
    assertFalse(Files.exists(folder.resolve("run")));
  }

  private String refusedFloatRun(RunSettings settings, Path floatRun) {
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    TestRun.train(
                        settings,
                        TinyBert.folder(),
                        new RunFolder(floatRun),
                        folder.resolve("run"),
                        Progress.NONE))
            .getMessage());
  }

  @Test
  void twoProcessesDoNotTrainInOneFolder() {
    String message =
        FolderLock.holding(
            folder,
            () ->
                String.valueOf(
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> TestRun.train(SETTINGS, folder, Progress.NONE))
                        .getMessage()));
    assertTrue(message.contains("process " + ProcessHandle.current().pid()), message);
    assertFalse(Files.exists(folder.resolve("settings.json")));
    assertThrows(
        Stopped.class, () -> TestRun.train(SETTINGS, folder, stopAt(StageSettings.FLOAT, 2)));
  }

  @Test
  void anotherSeedGivesAnotherRun() throws IOException {
    RunSettings other = TestRun.settings(Method.SQUAT, "within", SEED + 1);
    assertThrows(
        Stopped.class,
        () -> TestRun.train(other, folder, stopAt(StageSettings.FLOAT, TestRun.STEPS_PER_EPOCH)));
    List<String> lines = metrics(folder, StageSettings.FLOAT).lines().toList();
    for (int step = 0; step < lines.size(); step++) {
      assertNotEquals(
          metrics(undisturbed, StageSettings.FLOAT).lines().toList().get(step), lines.get(step));
    }
    assertFalse(lines.isEmpty());
  }

  @Test
  void batchesAlternationGoesOnBitForBit() throws IOException {
    RunSettings settings = TestRun.settings(Method.SQUAT, "batches:3", SEED);
    Path whole = folder.resolve("whole");
    Path stopped = folder.resolve("stopped");
    TestRun.train(settings, whole, Progress.NONE);
    assertThrows(
        Stopped.class, () -> TestRun.train(settings, stopped, stopAt(StageSettings.QUANTIZED, 7)));
    TestRun.train(settings, stopped, Progress.NONE);
    assertSameRun(whole, stopped);
    List<Long> extra =
        new RunFolder(whole)
            .stage(StageSettings.QUANTIZED).metricsLines().stream()
                .filter(line -> line.stepSizeLoss() != null)
                .map(MetricsLine::step)
                .toList();
    assertEquals(List.of(3L, 6L, 9L, 12L, 15L), extra);
  }

  @Test
  void aRunWithAStepAChannelGoesOnBitForBit() throws IOException {
    RunSettings settings = TestRun.settings(Method.SQUAT, Granularity.CHANNEL, "within", SEED);
    Path whole = folder.resolve("whole");
    Path stopped = folder.resolve("stopped");
    TestRun.train(settings, whole, Progress.NONE);
    assertThrows(
        Stopped.class, () -> TestRun.train(settings, stopped, stopAt(StageSettings.QUANTIZED, 7)));
    TestRun.train(settings, stopped, Progress.NONE);
    assertSameRun(whole, stopped);
    assertNotEquals(
        metrics(undisturbed, StageSettings.QUANTIZED), metrics(whole, StageSettings.QUANTIZED));
    assertExportIsTrainedOnAtItsSteps(settings, new RunFolder(whole));
  }

  /** Exports a run, reads the export again, and trains it on for no step at all. */
  private void assertExportIsTrainedOnAtItsSteps(RunSettings settings, RunFolder run)
      throws IOException {
    Path exported = folder.resolve("exported");
    RunExport export = new RunExport(run);
    export.write(export.lastStage(), ServingForm.PACKED, "test", exported);
    String description = Files.readString(exported.resolve("assets").resolve("squat.json"));
    assertTrue(description.contains("\"granularity\" : \"CHANNEL\""), description);
    FrozenModel.Thawed thawed = FrozenModel.thaw(exported, SavedModelReader.Choice.DEFAULT);
    FrozenModel.Recovered recovered = requireNonNull(thawed.quantization());
    assertEquals(settings.quantization(), recovered.quantization());
    Path again = folder.resolve("again");
    SavedModelWriter.write(
        again,
        thawed.model(),
        Map.of(
            "assets/vocab.txt",
            Files.readAllBytes(TinyBert.vocabulary()),
            "assets/" + RecoveredSteps.FILE,
            RecoveredSteps.json(recovered)));
    Path on = folder.resolve("on");
    TestRun.train(
        TestRun.untrained(settings, SavedModelFiles.hash(again)), again, on, Progress.NONE);
    Path first = run.stage(StageSettings.QUANTIZED).variables();
    Path second = new RunFolder(on).stage(StageSettings.QUANTIZED).variables();
    int kernels = 0;
    for (Quantizer quantizer : Rewriting.quantizers(TinyBert.model(), settings.quantization())) {
      if (quantizer.kind() == Quantizer.Kind.WEIGHT) {
        kernels++;
        assertArrayEquals(
            TinyBert.read(first, quantizer.stepSize()),
            TinyBert.read(second, quantizer.stepSize()),
            quantizer.stepSize());
      }
    }
    assertEquals(13, kernels);
  }

  @Test
  void aRunHasALineAStepAndALineAnEpochAndWhatItsQuantizersWere() throws IOException {
    RunFolder run = new RunFolder(undisturbed);
    List<MetricsLine> lines = run.stage(StageSettings.QUANTIZED).metricsLines();
    int epochs = TestRun.QUANTIZED_EPOCHS;
    assertEquals(epochs * (TestRun.STEPS_PER_EPOCH + 1) + 3, lines.size());
    assertEquals(
        LongStream.rangeClosed(1, 16).boxed().toList(),
        lines.stream().filter(line -> line.loss() != null).map(MetricsLine::step).toList());
    assertEquals(
        List.of(8L, 16L),
        lines.stream().filter(line -> line.dev() != null).map(MetricsLine::step).toList());
    List<MetricsLine> watched = lines.stream().filter(line -> line.quantizers() != null).toList();
    assertEquals(List.of(0L, 8L, 16L), watched.stream().map(MetricsLine::step).toList());
    Set<String> sources =
        Rewriting.quantizers(TinyBert.model(), SETTINGS.quantization()).stream()
            .map(Quantizer::source)
            .collect(Collectors.toSet());
    for (MetricsLine line : watched) {
      assertEquals(sources, requireNonNull(line.quantizers()).keySet());
    }
    assertFalse(Files.exists(undisturbed.resolve("float/checkpoints")));
    assertFalse(Files.exists(undisturbed.resolve("quantized/checkpoints")));
  }

  @Test
  void aRunKeepsThePredictionsOfEveryEpochAndTheLabels() {
    RunFolder run = new RunFolder(undisturbed);
    float[] labels = run.devLabels().orElseThrow();
    List<DevScore> scores = run.stage(StageSettings.QUANTIZED).scores();
    assertEquals(TestRun.QUANTIZED_EPOCHS, scores.size());
    for (DevScore score : scores) {
      float[] predictions =
          run.stage(StageSettings.QUANTIZED).devPredictions(score.epoch()).orElseThrow();
      assertEquals(score, DevScore.of(SETTINGS.task(), score.epoch(), predictions, labels));
    }
    assertArrayEquals(
        run.stage(StageSettings.QUANTIZED).devPredictions(),
        run.stage(StageSettings.QUANTIZED).devPredictions(TestRun.QUANTIZED_EPOCHS).orElseThrow());
  }

  @Test
  void refusesAFinishedRun() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> TestRun.train(SETTINGS, undisturbed, Progress.NONE));
    assertTrue(String.valueOf(refused.getMessage()).contains("finished"), refused.getMessage());
    assertTrue(String.valueOf(refused.getMessage()).contains("--out"), refused.getMessage());
  }

  @Test
  void refusesOtherSettingsAndNamesThem() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                TestRun.train(
                    TestRun.settings(Method.SAQ, "within", 5), undisturbed, Progress.NONE));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("method \"SQUAT\" there and \"SAQ\" wanted"),
        refused.getMessage());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("seed 3 there and 5 wanted"),
        refused.getMessage());
    assertFalse(String.valueOf(refused.getMessage()).contains("rho"), refused.getMessage());
  }

  private static void assertSameRun(Path expected, Path found) throws IOException {
    for (String stage : STAGES) {
      Path model = new RunFolder(expected).stage(stage).model();
      List<String> files =
          List.of(
              "dev-predictions.txt",
              "histograms.json",
              "scores.json",
              "variables.data-00000-of-00001",
              "variables.index");
      assertEquals(
          stage.equals(StageSettings.QUANTIZED)
              ? files
              : files.stream().filter(name -> !name.startsWith("histograms")).toList(),
          names(model));
      for (String name : names(model)) {
        assertArrayEquals(
            Files.readAllBytes(model.resolve(name)),
            Files.readAllBytes(new RunFolder(found).stage(stage).model().resolve(name)),
            stage + " " + name);
      }
      assertEquals(metrics(expected, stage), metrics(found, stage));
      assertEquals(EventFile.summaries(expected, stage), EventFile.summaries(found, stage));
      List<String> epochs =
          names(expected.resolve(stage)).stream()
              .filter(name -> name.startsWith("dev-predictions"))
              .toList();
      assertFalse(epochs.isEmpty());
      for (String name : epochs) {
        assertEquals(
            Files.readString(expected.resolve(stage).resolve(name)),
            Files.readString(found.resolve(stage).resolve(name)),
            stage + " " + name);
      }
    }
    assertEquals(
        Files.readString(expected.resolve("dev-labels.txt")),
        Files.readString(found.resolve("dev-labels.txt")));
    assertEquals(
        Files.readString(expected.resolve("result.json")),
        Files.readString(found.resolve("result.json")));
  }

  private static String metrics(Path run, String stage) throws IOException {
    return Files.readString(run.resolve(stage).resolve("metrics.jsonl"), UTF_8);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
