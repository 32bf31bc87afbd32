package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExamplesTest {
  /** As Python shuffles with the generator that java.util.Random's documentation describes. */
  @ParameterizedTest
  @CsvSource({
    "4, 0, 4 8 9 6",
    "4, 5, 3 4 2 8",
    "10, 7, 0 1 9 3 7 4 8 5 2 6",
  })
  void someAreTheFirstOfTheShuffledRows(int count, long seed, String expected) {
    Examples all =
        new Examples(
            GlueTask.COLA,
            Split.TRAIN,
            IntStream.range(0, 10)
                .mapToObj(row -> new Example(null, Integer.toString(row), null, row % 2))
                .toList(),
            0,
            "hash");
    assertEquals(Arrays.asList(expected.split(" ")), all.some(count, seed).textsA());
  }
}
