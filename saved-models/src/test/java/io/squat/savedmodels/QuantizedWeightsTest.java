package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
import java.util.List;
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
    QuantizedWeights quantized = QuantizedWeights.of(weights, StepSize.of(STEP), grid);
    for (int i = 0; i < weights.length; i++) {
      double clipped = Math.max(grid.qMin(), Math.min(grid.qMax(), weights[i] / STEP));
      int expected = (int) Math.floor(clipped + 0.5);
      assertEquals(expected, quantized.integers()[i], "weight " + weights[i]);
      assertEquals(expected * STEP, quantized.values()[i]);
    }
  }

  /** Ties and both ends of every column; steps that are powers of two, so that ties are exact. */
  @ParameterizedTest
  @CsvSource({"2,SYMMETRIC", "2,FULL", "3,FULL", "4,SYMMETRIC", "8,FULL"})
  void everyColumnHasItsOwnStep(int bits, Levels levels) {
    QuantizationGrid grid = new QuantizationGrid(bits, levels);
    StepSize steps = new StepSize(Granularity.CHANNEL, List.of(0.25f, 8f, 0.0625f));
    float[] weights = new float[3 * 601];
    for (int i = 0; i < weights.length; i++) {
      int row = i / 3;
      weights[i] = (row - 300) * steps.at(i) / 2;
    }
    QuantizedWeights quantized = QuantizedWeights.of(weights, steps, grid);
    for (int i = 0; i < weights.length; i++) {
      double clipped = Math.max(grid.qMin(), Math.min(grid.qMax(), weights[i] / steps.at(i)));
      int expected = (int) Math.floor(clipped + 0.5);
      assertEquals(expected, quantized.integers()[i], "weight " + weights[i]);
      assertEquals(expected * steps.at(i), quantized.values()[i]);
    }
  }
}
