package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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
          new StagePosition(step, List.of()), prefix -> WholeFiles.writeJson(prefix, step));
    }
    try (Stream<Path> left = Files.list(folder.resolve("float/checkpoints"))) {
      assertEquals(
          List.of("step-10", "step-100"),
          left.map(file -> file.getFileName().toString()).sorted().toList());
    }
    Path last = stage.lastCheckpoint().orElseThrow();
    assertEquals(100, StageFolder.position(last).step());
    assertEquals(100, WholeFiles.readJson(last, Long.class));
  }

  @Test
  void checkpointThatCannotBeWrittenLeavesTheOthers() {
    stage.writeCheckpoint(
        new StagePosition(2, List.of()), prefix -> WholeFiles.writeJson(prefix, 2));
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
