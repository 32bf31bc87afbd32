package io.squat.plots;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecimalLogAxisTest {
  @ParameterizedTest
  @CsvSource({"100, 100", "0.5, 0.5", "0.00002, 0.00002", "2e-7, 2E-7", "0, 0", "-5e-9, -5E-9"})
  void ticksOfAnySizeCanBeTold(double value, String text) {
    assertEquals(text, Drawing.tick(value));
  }
}
