package io.squat.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files written by hand, as a run writes them. */
class MetricsFollowerTest {
  @TempDir Path folder;
  private Path file;
  private MetricsFollower follower;

  @BeforeEach
  void follow() {
    file = folder.resolve("metrics.jsonl");
    follower = new MetricsFollower(file);
  }

  private static String steps(long first, long last) {
    return LongStream.rangeClosed(first, last)
        .mapToObj(step -> "{\"step\":" + step + ",\"loss\":0.5,\"learningRate\":1.0E-5}\n")
        .collect(Collectors.joining());
  }

  private void append(String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    follower.update();
  }

  @Test
  void readsWhatIsNew() throws IOException {
    follower.update();
    assertEquals(0, follower.step());
    append(steps(1, 3));
    assertEquals(3, follower.step());
    assertEquals(Map.of(), follower.dev());
    append("{\"step\":3,\"epoch\":1,\"dev\":{\"accuracy\":0.75}}\n" + steps(4, 5));
    assertEquals(5, follower.step());
    assertEquals(Map.of("accuracy", 0.75), follower.dev());
  }

  @Test
  void aLineThatIsBeingWrittenIsReadWhenItIsWhole() throws IOException {
    String line = steps(2, 2);
    append(steps(1, 1) + line.substring(0, 7));
    assertEquals(1, follower.step());
    append(line.substring(7));
    assertEquals(2, follower.step());
  }

  @Test
  void stepsAreCountedFromTheMark() throws IOException {
    append(steps(1, 100));
    follower.mark();
    assertEquals(0, follower.stepsSinceMark());
    append(steps(101, 107));
    assertEquals(7, follower.stepsSinceMark());
  }

  @Test
  void aRunThatGoesOnDoesTheStepsAfterItsCheckpointAgain() throws IOException {
    append(steps(1, 217));
    follower.mark();
    Files.writeString(file, steps(1, 115));
    follower.update();
    assertEquals(115, follower.step());
    assertEquals(0, follower.stepsSinceMark());
    append(steps(116, 126));
    assertEquals(11, follower.stepsSinceMark());
  }
}
