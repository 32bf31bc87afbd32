package io.squat.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource({
    "0.0123456, 0.01235",
    "123456, 123500",
    "-2, -2.000",
    "1e-9, 0.000000001000",
    "0, 0",
    "NaN, NaN",
    "Infinity, Infinity"
  })
  void significantDigits(double number, String text) {
    assertEquals(text, Numbers.significant(number, 4));
  }
}
