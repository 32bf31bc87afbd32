package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasurementsTest {
  private static final Latency.Load LOAD = new Latency.Load(3, 7, 11, 5, 1);

  /** Rounding of numbers about 100. */
  private static final double TOLERANCE = 1e-12;

  @TempDir Path folder;

  @Test
  void addsUpTheFilesOfAllFolders() throws IOException {
    Files.write(folder.resolve("saved_model.pb"), new byte[1001]);
    Path inner = Files.createDirectories(folder.resolve("assets/inner"));
    Files.write(inner.resolve("vocab.txt"), new byte[207]);
    Files.write(folder.resolve("assets/empty"), new byte[0]);
    assertEquals(1208, ModelSize.bytes(folder));
    Path none = folder.resolve("none");
    assertEquals(
        none + ": expected a model's folder, found no such folder",
        Failures.message(IllegalArgumentException.class, () -> ModelSize.bytes(none)));
    Path file = folder.resolve("saved_model.pb");
    assertEquals(
        file + ": expected a model's folder, found a file",
        Failures.message(IllegalArgumentException.class, () -> ModelSize.bytes(file)));
  }

  @Test
  void readsThePeakFromTheStatusOfTheProcess() {
    assertEquals(
        123_456L * 1024,
        PeakMemory.bytes(
            List.of(
                "Name:\tjava", "VmPeak:\t  999999 kB", "VmHWM:\t  123456 kB", "VmRSS:\t 9 kB")));
    assertEquals(
        "/proc/self/status: expected a line VmHWM, found none",
        Failures.message(
            IllegalStateException.class, () -> PeakMemory.bytes(List.of("Name:\tjava"))));
  }

  @Test
  void peakGrowsWithMemoryInUse() {
    long before = PeakMemory.bytes();
    int more = 256 << 20;
    byte[] used = new byte[more];
    Arrays.fill(used, (byte) 1);
    assertTrue(PeakMemory.bytes() >= used.length, "the peak holds at least the array");
    assertTrue(PeakMemory.bytes() >= before);
  }

  @Test
  void ranksTheTimes() {
    // 101 times 0, 1, ..., 100 ms: percentile p is p.
    double[] times = IntStream.range(0, 101).mapToDouble(i -> 100 - i).toArray();
    Latency latency = Latency.of(LOAD, times);
    assertEquals(50, latency.medianMilliseconds(), TOLERANCE);
    assertEquals(99, latency.p99Milliseconds(), TOLERANCE);
    assertEquals(2.5, Latency.of(LOAD, new double[] {4, 1, 2, 3}).medianMilliseconds(), TOLERANCE);
  }

  @Test
  void drawsFullRowsFromTheSeed() {
    Batch batch = LOAD.batch();
    assertArrayEquals(LOAD.batch().ids(), batch.ids());
    assertTrue(Arrays.stream(batch.ids()).allMatch(id -> id >= 0 && id < LOAD.vocabulary()));
    assertTrue(Arrays.stream(batch.ids()).distinct().count() > 5, "ids differ");
    assertTrue(Arrays.stream(batch.mask()).allMatch(mask -> mask == 1));
    assertEquals(3, batch.rows());
    assertEquals(7, batch.length());
  }

  @Test
  void timesAModel() {
    new TinyClassifier(2, 1)
        .without(InputRole.SEGMENTS)
        .output("logits", Output.LOGITS)
        .write(folder);
    try (Classifier classifier = Classifier.open(folder, Classifier.Options.DEFAULT)) {
      Latency latency = Latency.measure(classifier, LOAD);
      assertTrue(latency.medianMilliseconds() > 0);
      assertTrue(latency.p99Milliseconds() >= latency.medianMilliseconds());
      assertEquals(
          List.of("rows", "length", "runs", "seed", "medianMilliseconds", "p99Milliseconds"),
          latency.json().properties().stream().map(java.util.Map.Entry::getKey).toList());
    }
  }

  @Test
  void refusesALoadOfNothing() {
    assertEquals(
        "latency: expected length of at least 1, found 0",
        Failures.message(IllegalArgumentException.class, () -> new Latency.Load(1, 0, 2, 3, 4)));
  }
}
