package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  private static Optional<RunData> data(int median, int most) {
    return Optional.of(new RunData(1, 1, median, median + 1, most));
  }

  @Test
  void lengthsAreThoseOfTheRows() {
    assertEquals(List.of(9, 10, 31), WarmUp.lengths(data(9, 31), 32));
  }

  @Test
  void everyLengthIsThereOnceAndTheModelTakesIt() {
    assertEquals(List.of(30, 31), WarmUp.lengths(data(30, 31), 32));
    assertEquals(List.of(9, 10, 12), WarmUp.lengths(data(9, 31), 12));
    assertEquals(List.of(3, 9), WarmUp.lengths(data(1, 9), 32));
  }

  @Test
  void aRunWithoutLengthsHasPartsOfTheLongest() {
    assertEquals(List.of(32, 64, 128), WarmUp.lengths(Optional.empty(), 128));
    assertEquals(List.of(3, 5), WarmUp.lengths(Optional.empty(), 5));
  }
}
