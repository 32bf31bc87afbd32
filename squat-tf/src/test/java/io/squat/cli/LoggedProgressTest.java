package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.train.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LoggedProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final List<String> lines = new ArrayList<>();
  private final AtomicLong clock = new AtomicLong(17 * SECOND);
  private final Progress progress = new LoggedProgress(lines::add, clock::get);

  @Test
  void tellsStartPaceAndEnd() {
    try (Progress.Work work = progress.begin("epoch 1 of 3", "batch", 200)) {
      work.message("loss 0.53");
      clock.addAndGet(20 * SECOND);
      work.step(40);
      clock.addAndGet(20 * SECOND);
      work.step(10);
      clock.addAndGet(SECOND);
      work.step(1);
    }
    assertEquals(
        List.of(
            "epoch 1 of 3: 0/200 batch",
            "epoch 1 of 3: 50/200 batch, 1.25 batch/s, 2 min 0 s left, loss 0.53",
            "epoch 1 of 3: 51/200 batch in 41.0 s, loss 0.53"),
        lines);
  }

  @Test
  void tellsNoTimeLeftWhereTheTotalIsNotKnown() {
    try (Progress.Work work = progress.begin("reading", "row", Progress.UNKNOWN)) {
      clock.addAndGet(31 * SECOND);
      work.step(62);
    }
    assertEquals(
        List.of("reading", "reading: 62 row, 2.00 row/s", "reading: 62 row in 31.0 s"), lines);
  }

  @Test
  void tellsNoPaceBeforeAnythingIsDone() {
    try (Progress.Work work = progress.begin("scoring", "batch", 7)) {
      clock.addAndGet(30 * SECOND);
      work.step(0);
    }
    assertEquals(
        List.of("scoring: 0/7 batch", "scoring: 0/7 batch", "scoring: 0/7 batch in 30.0 s"), lines);
  }
}
