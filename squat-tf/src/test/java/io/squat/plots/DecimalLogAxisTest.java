package io.squat.plots;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecimalLogAxisTest {
  @ParameterizedTest
  @CsvSource({"100, 100", "0.5, 0.5", "0.00002, 0.00002", "2e-7, 2E-7", "0, 0", "-5e-9, -5E-9"})
  void ticksOfAnySizeCanBeTold(double value, String text) {
    assertEquals(text, Drawing.tick(value));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0.0004 | 3     | 0.001 0.01 0.1 1",
        "0.03   | 1.2   | 0.05 0.1 0.2 0.5 1",
        "0.344  | 1.37  | 0.4 0.5 0.7 1",
        "0.21   | 0.52  | 0.3 0.4 0.5",
        "0.93   | 1.08  | 0.95 1 1.05",
        "41     | 47    | 42 44 46",
        "1.0105 | 1.019 | 1.012 1.014 1.016 1.018",
      })
  void anAxisHasTicksEnoughToReadOneBetween(double low, double high, String ticks) {
    assertEquals(
        ticks,
        DecimalLogAxis.values(low, high).stream()
            .map(Drawing::tick)
            .collect(Collectors.joining(" ")));
  }
}
