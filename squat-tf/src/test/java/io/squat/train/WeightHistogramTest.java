package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightHistogramTest {

  /** Bins of 6 / 64 steps from -3 to 3. */
  @Test
  void countsTernaryWeightsInStepsOfTheirColumns() {
    float[] values = {
      -3.1f * 2, 0.01f * 8, // below; bin 32
      0.99f * 2, 3f * 8, // bin 42, as (0.99 + 3) / 6 * 64 is 42.56; above, as a bin has no end
      -3f * 2, 2.99f * 8 // the first bin, the last
    };
    WeightHistogram histogram =
        WeightHistogram.of("k", "weight", QuantizationGrid.of(2), values, new float[] {2, 8});
    List<Long> expected = new ArrayList<>(Collections.nCopies(64, 0L));
    for (int bin : new int[] {0, 32, 42, 63}) {
      expected.set(bin, 1L);
    }
    assertEquals(new WeightHistogram("k", "weight", 2, -1, 1, -3, 3, 1, 1, expected), histogram);
  }

  @Test
  void aWideGridHasAQuarterOfItselfOnBothSides() {
    WeightHistogram histogram =
        WeightHistogram.of(
            "t", "embedding", QuantizationGrid.of(8), new float[] {-0.5f}, new float[] {0.01f});
    assertEquals(-128 - 63.75, histogram.low());
    assertEquals(127 + 63.75, histogram.high());
    // (-50 + 191.75) / 382.5 * 64
    assertEquals(1, histogram.counts().get(23));
  }
}
