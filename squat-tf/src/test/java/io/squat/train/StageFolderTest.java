package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.files.RecordFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class StageFolderTest {
  @TempDir Path folder;
  private StageFolder stage;

  @BeforeEach
  void name() {
    stage = new RunFolder(folder).stage(StageSettings.FLOAT);
  }

  @Test
  void keepsTheLastTwoCheckpointsByNumber() throws IOException {
    for (long step : new long[] {2, 9, 10, 100}) {
      stage.writeCheckpoint(
          new StagePosition(step, List.of()), prefix -> RecordFiles.write(prefix, step));
    }
    try (Stream<Path> left = Files.list(folder.resolve("float/checkpoints"))) {
      assertEquals(
          List.of("step-10", "step-100"),
          left.map(file -> file.getFileName().toString()).sorted().toList());
    }
    Path last = stage.lastCheckpoint().orElseThrow();
    assertEquals(100, StageFolder.position(last).step());
    assertEquals(100, RecordFiles.read(last, Long.class));
  }

  @Test
  void checkpointThatCannotBeWrittenLeavesTheOthers() {
    stage.writeCheckpoint(new StagePosition(2, List.of()), prefix -> RecordFiles.write(prefix, 2));
    assertThrows(
        IllegalStateException.class,
        () ->
            stage.writeCheckpoint(
                new StagePosition(4, List.of()),
                prefix -> {
                  throw new IllegalStateException("no space left");
                }));
    assertEquals(2, StageFolder.position(stage.lastCheckpoint().orElseThrow()).step());
  }

  @Test
  void aLineThatIsNoneIsReportedWithItsFile() throws IOException {
    Path zipped = stage.root().resolve("metrics.jsonl.gz");
    Files.createDirectories(stage.root());
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write("no JSON\n".getBytes(StandardCharsets.UTF_8));
    }
    assertNames(zipped, stage::metricsLines);
    Files.writeString(stage.metrics(), "{\"step\": 1}\nno JSON\n{\"step\": 2}\n");
    assertNames(stage.metrics(), stage::metricsLines);
    assertNames(stage.metrics(), () -> stage.trimMetrics(new StagePosition(1, List.of())));
  }

  private static void assertNames(Path file, Executable reading) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, reading).getMessage());
    assertTrue(message.startsWith(file + ": expected a JSON object a line"), message);
  }

  /** Stopped between an epoch's score and its checkpoint, a run scores the epoch again. */
  @Test
  void aScoreThatIsNotInTheCheckpointIsForgotten() throws IOException {
    DevScore score = new DevScore(1, Map.of("accuracy", 0.75));
    stage.addMetrics(MetricsLine.ofStep(3, 0.5f, 1e-5, null));
    String before = Files.readString(stage.metrics());
    stage.addMetrics(MetricsLine.ofEpoch(3, score));
    String after = Files.readString(stage.metrics());
    stage.trimMetrics(new StagePosition(3, List.of(score)));
    assertEquals(after, Files.readString(stage.metrics()));
    stage.trimMetrics(new StagePosition(3, List.of()));
    assertEquals(before, Files.readString(stage.metrics()));
  }

  /** A stage of no epochs has a score at step 0, and never a checkpoint. */
  @Test
  void aStageThatBeginsAnewForgetsAll() throws IOException {
    stage.addMetrics(MetricsLine.ofEpoch(0, new DevScore(0, Map.of("accuracy", 0.75))));
    stage.trimMetrics(StagePosition.START);
    assertEquals("", Files.readString(stage.metrics()));
  }
}
