package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.primitives.Doubles;
import io.squat.glue.Batch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.TensorFlow;

class MeasurementsTest {
  private static final Latency.Load LOAD = new Latency.Load(3, 7, 11, 1);

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
  void readsTheMemoryFromTheStatusOfTheProcess() {
    assertEquals(
        new ProcessMemory(9 * 1024, 123_456L * 1024),
        ProcessMemory.of(
            List.of(
                "Name:\tjava", "VmPeak:\t  999999 kB", "VmHWM:\t  123456 kB", "VmRSS:\t 9 kB")));
    assertEquals(
        "/proc/self/status: expected a line VmRSS, found none",
        Failures.message(
            IllegalStateException.class, () -> ProcessMemory.of(List.of("Name:\tjava"))));
  }

  /** Memory outside of Java's heap: that is taken and given back at once. */
  @Test
  void peakGrowsWithMemoryInUseAndStays() {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "other systems have no peak");
    assertFalse(TensorFlow.version().isEmpty(), "the library that takes memory is loaded");
    long more = 256 << 20;
    long most = more - more / 8; // what else the process does meanwhile
    ProcessMemory before = ProcessMemory.now();
    ProcessMemory during;
    try (BytePointer used = new BytePointer(more)) {
      Pointer.memset(used, 1, more);
      during = ProcessMemory.now();
    }
    ProcessMemory after = ProcessMemory.now();
    assertTrue(during.residentBytes() - before.residentBytes() >= most, before + " " + during);
    assertTrue(during.peakBytes() >= during.residentBytes(), during.toString());
    assertTrue(during.residentBytes() - after.residentBytes() >= most, during + " " + after);
    assertTrue(after.peakBytes() - after.residentBytes() >= most, after.toString());
  }

  @Test
  void ranksTheTimes() {
    // 101 times 0, 1, ..., 100 ms: percentile p is p.
    double[] times = IntStream.range(0, 101).mapToDouble(i -> 100 - i).toArray();
    Latency latency = Latency.of(Doubles.asList(times));
    assertEquals(101, latency.runs());
    assertEquals(0, latency.minMilliseconds(), TOLERANCE);
    assertEquals(50, latency.medianMilliseconds(), TOLERANCE);
    assertEquals(99, latency.p99Milliseconds(), TOLERANCE);
    assertEquals(2.5, Latency.of(List.of(4.0, 1.0, 2.0, 3.0)).medianMilliseconds(), TOLERANCE);
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
  void refusesALoadOfNothing() {
    assertEquals(
        "latency: expected length of at least 1, found 0",
        Failures.message(IllegalArgumentException.class, () -> new Latency.Load(1, 0, 2, 4)));
  }
}
