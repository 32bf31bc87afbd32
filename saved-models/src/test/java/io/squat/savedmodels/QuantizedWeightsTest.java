package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.Levels;
import io.squat.ops.QuantizationGrid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizedWeightsTest {
  private static final float STEP = 0.25f;

  /** Halves of a step, so that every second weight is a tie, and both ends are clipped. */
  @ParameterizedTest
  @CsvSource({"2,SYMMETRIC", "2,FULL", "3,FULL", "4,FULL", "4,SYMMETRIC", "8,FULL"})
  void tiesGoUpAndEndsAreClipped(int bits, Levels levels) {
    QuantizationGrid grid = new QuantizationGrid(bits, levels);
    float[] weights = new float[601];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (i - 300) * STEP / 2;
    }
    QuantizedWeights quantized = QuantizedWeights.of(weights, STEP, grid);
    for (int i = 0; i < weights.length; i++) {
      double clipped = Math.max(grid.qMin(), Math.min(grid.qMax(), weights[i] / STEP));
      int expected = (int) Math.floor(clipped + 0.5);
      assertEquals(expected, quantized.integers()[i], "weight " + weights[i]);
      assertEquals(expected * STEP, quantized.values()[i]);
    }
  }
}
