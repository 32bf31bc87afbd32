package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerSettingsTest {
  private static final double TOLERANCE = 1e-12;

  private static double[] factors(double warmup, int total) {
    OptimizerSettings settings = new OptimizerSettings(5e-5, 1e-3, 0.01, warmup, 1, 0.1);
    return IntStream.range(0, total)
        .mapToDouble(step -> settings.rateFactor(step, total))
        .toArray();
  }

  @Test
  void warmsUpThenFallsToZero() {
    assertArrayEquals(
        new double[] {1 / 3.0, 2 / 3.0, 1, 1, 5 / 6.0, 4 / 6.0, 3 / 6.0, 2 / 6.0, 1 / 6.0},
        factors(0.35, 9),
        TOLERANCE);
  }

  @Test
  void fallsFromTheStartWithoutWarmup() {
    assertArrayEquals(new double[] {1, 0.75, 0.5, 0.25}, factors(0, 4), TOLERANCE);
  }

  @Test
  void isZeroAtTheEnd() {
    assertEquals(0, OptimizerSettings.DEFAULT.rateFactor(20, 20), TOLERANCE);
  }

  static Stream<Arguments> outOfRange() {
    return Stream.of(
        Arguments.of("lr", settings(0, 1e-3, 0.01, 0.1, 1, 0.1)),
        Arguments.of("lr", settings(Double.NaN, 1e-3, 0.01, 0.1, 1, 0.1)),
        Arguments.of("step-lr", settings(5e-5, 1, 0.01, 0.1, 1, 0.1)),
        Arguments.of("weight-decay", settings(5e-5, 1e-3, -0.01, 0.1, 1, 0.1)),
        Arguments.of("warmup", settings(5e-5, 1e-3, 0.01, 1, 1, 0.1)),
        Arguments.of("clip", settings(5e-5, 1e-3, 0.01, 0.1, 0, 0.1)),
        Arguments.of("dropout", settings(5e-5, 1e-3, 0.01, 0.1, 1, 1)),
        Arguments.of("dropout", settings(5e-5, 1e-3, 0.01, 0.1, 1, 0.99999)));
  }

  private static Executable settings(
      double rate, double stepRate, double decay, double warmup, double clip, double dropout) {
    return () -> new OptimizerSettings(rate, stepRate, decay, warmup, clip, dropout);
  }

  @ParameterizedTest
  @MethodSource("outOfRange")
  void namesWhatIsOutOfRange(String name, Executable construction) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, construction).getMessage());
    assertTrue(message.startsWith(name + ": expected "), message);
  }
}
