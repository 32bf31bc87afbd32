package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizationGridTest {
  @ParameterizedTest
  @CsvSource({
    "2,FULL,-2,1",
    "3,FULL,-4,3",
    "4,FULL,-8,7",
    "5,FULL,-16,15",
    "8,FULL,-128,127",
    "2,SYMMETRIC,-1,1",
    "3,SYMMETRIC,-3,3",
    "4,SYMMETRIC,-7,7",
    "8,SYMMETRIC,-127,127"
  })
  void boundsFollowTheWidth(int bits, Levels levels, int qMin, int qMax) {
    QuantizationGrid grid = new QuantizationGrid(bits, levels);
    assertEquals(qMin, grid.qMin());
    assertEquals(qMax, grid.qMax());
  }

  @ParameterizedTest
  @CsvSource({"2,SYMMETRIC", "3,FULL", "4,FULL", "8,FULL"})
  void twoBitsAreTernaryByDefault(int bits, Levels levels) {
    assertEquals(new QuantizationGrid(bits, levels), QuantizationGrid.of(bits));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1, 9, 32})
  void otherWidthsAreRefused(int bits) {
    var e = assertThrows(IllegalArgumentException.class, () -> QuantizationGrid.of(bits));
    assertEquals(
        "Quantization grid: expected 2 to 8 bits, found "
            + bits
            + "; leave a tensor unquantized for more",
        e.getMessage());
  }
}
