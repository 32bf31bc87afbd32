package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.eval.TinyClassifier.Output;
import io.squat.savedmodels.InputRole;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingBenchmarkTest {
  private static final int RUNS = 4;
  // A model of 20 MB: that of a smaller one drowns in what Linux takes back of the process.
  private static final int CLASSES = 1_000_000;
  private static final long WEIGHT_BYTES = (long) CLASSES * TinyClassifier.HIDDEN * Float.BYTES;

  @TempDir Path folder;

  @Test
  void timesTwoModelsInTurnsAndComparesThemWithTheFirst() {
    Path first = write("first", new TinyClassifier(CLASSES, 1).output("logits", Output.LOGITS));
    Path encoder =
        write(
            "encoder",
            new TinyClassifier(2, 2)
                .without(InputRole.SEGMENTS)
                .output("sequence_output", Output.SEQUENCE)
                .output("pooled_output", Output.POOLED));
    ServingBenchmark.Loads loads =
        new ServingBenchmark.Loads(List.of(3, 1), List.of(7), RUNS, TinyClassifier.VOCABULARY, 1);
    AtomicInteger runs = new AtomicInteger();
    ServingBenchmark.Result result =
        ServingBenchmark.run(
            List.of(first, encoder), Classifier.Options.DEFAULT, loads, runs::incrementAndGet);
    assertEquals(2 * loads.count(), runs.get());
    assertEquals(
        List.of(first + " 3", encoder + " 3", first + " 1", encoder + " 1"),
        result.timings().stream().map(timing -> timing.model() + " " + timing.rows()).toList());
    for (ServingBenchmark.Timing timing : result.timings()) {
      Latency latency = timing.latency();
      assertEquals(RUNS, latency.runs());
      assertTrue(latency.minMilliseconds() > 0);
      assertTrue(latency.medianMilliseconds() >= latency.minMilliseconds());
      assertTrue(latency.p99Milliseconds() >= latency.medianMilliseconds());
    }
    ServingBenchmark.Timing second = result.timings().get(1);
    assertEquals(1, result.timings().get(0).medianSpeed());
    assertEquals(
        result.timings().get(0).latency().medianMilliseconds()
            / second.latency().medianMilliseconds(),
        second.medianSpeed());
    assertEquals(1, result.timings().get(0).minSpeed());
    assertEquals(
        result.timings().get(0).latency().minMilliseconds() / second.latency().minMilliseconds(),
        second.minSpeed());
    for (ServingBenchmark.Loaded model : result.loaded()) {
      assertTrue(model.loadMilliseconds() > 0);
      assertTrue(model.firstRunMilliseconds() > 0);
      assertTrue(model.peakBytes() >= model.residentBytes());
      assertEquals(ModelSize.bytes(Path.of(model.model())), model.folderBytes());
    }
    assertTrue(result.loaded().get(0).peakBytes() > WEIGHT_BYTES, "its weights take memory");
  }

  @Test
  void saysWhatIsWrongWithAModel() {
    Path none = folder.resolve("none");
    String message = Failures.message(IllegalArgumentException.class, () -> run(none));
    assertTrue(message.startsWith(none + ": expected "), message);
    Path fixed =
        write("fixed", new TinyClassifier(2, 1).fixed(1, 5).output("logits", Output.LOGITS));
    assertEquals(
        fixed
            + ": expected a batch of the only shape that the signature takes, [1, 5] (-1: any), found"
            + " [2, 9]",
        Failures.message(IllegalArgumentException.class, () -> run(fixed)));
    Path fails = write("fails", new TinyClassifier(2, 1).output("logits", Output.LOGITS));
    message = Failures.message(IllegalStateException.class, () -> run(fails));
    assertTrue(message.startsWith(fails + ": the model fails: indices[0,"), message);
  }

  @Test
  void refusesLoadsOfNothing() {
    assertEquals(
        "latency: expected runs of at least 1, found 0",
        Failures.message(
            IllegalArgumentException.class,
            () -> new ServingBenchmark.Loads(List.of(1), List.of(1), 0, null, 1)));
    assertEquals(
        "latency: expected rows of at least 1, found -2",
        Failures.message(
            IllegalArgumentException.class,
            () -> new ServingBenchmark.Loads(List.of(1, -2), List.of(1), 1, null, 1)));
    assertEquals(
        "latency: expected a number of rows and a length, found none",
        Failures.message(
            IllegalArgumentException.class,
            () -> new ServingBenchmark.Loads(List.of(1), List.of(), 1, null, 1)));
  }

  private static void run(Path model) {
    ServingBenchmark.run(
        List.of(model),
        Classifier.Options.DEFAULT,
        new ServingBenchmark.Loads(List.of(2), List.of(9), 1, null, 1),
        () -> {});
  }

  private Path write(String name, TinyClassifier model) {
    Path written = folder.resolve(name);
    model.write(written);
    return written;
  }
}
