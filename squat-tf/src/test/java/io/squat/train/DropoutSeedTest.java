package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DropoutSeedTest {
  /** Two words of Python's {@code mmh3.hash64(struct.pack("<qiq", seed, stage, step))[0]}. */
  @ParameterizedTest
  @CsvSource({
    "3, 2, 7, 1027035804, 602063869",
    "1, 0, 0, -705531452, -370819343",
    "-1, 3, 4999, -778952760, 1465320434"
  })
  void theSeedOfABatchIsTheSameEverywhere(long seed, int stage, long step, int first, int second) {
    assertEquals(new DropoutSeed(first, second), DropoutSeed.of(seed, stage, step));
  }

  @Test
  void everyBatchOfEveryStageAndSeedHasItsOwn() {
    Set<DropoutSeed> seen = new HashSet<>();
    for (long seed : new long[] {0, 1, 2, -1}) {
      for (int stage = 0; stage < 4; stage++) {
        for (long step = 0; step < 5000; step++) {
          assertTrue(seen.add(DropoutSeed.of(seed, stage, step)), seed + " " + stage + " " + step);
        }
      }
    }
  }
}
