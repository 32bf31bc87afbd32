package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StepSizesTest {
  // Neighbouring candidates differ by 2 % or more.
  private static final float TOLERANCE = 1e-6f;

  private static float[] gaussian(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @Test
  void lsqIsTwiceTheMeanMagnitudeOverTheRootOfQp() {
    float[] x = {1, -2, 3, -4, 5}; // mean magnitude 3
    assertEquals(6f, StepSizes.lsq(x, QuantizationGrid.of(2)), TOLERANCE);
    assertEquals(2.2677867f, StepSizes.lsq(x, QuantizationGrid.of(4)), TOLERANCE); // 6 / sqrt(7)
  }

  @Test
  void weightsOfUpToFourBitsStartWithLsqAndWiderOnesWithTheLeastError() {
    float[] x = gaussian(1009, 3);
    for (int bits = 2; bits <= 8; bits++) {
      QuantizationGrid grid = QuantizationGrid.of(bits);
      float expected = bits <= 4 ? StepSizes.lsq(x, grid) : StepSizes.leastSquaresError(x, grid);
      assertEquals(expected, StepSizes.ofWeights(x, grid));
    }
  }

  /** The rule, candidate by candidate in double. */
  private static double bruteForce(float[] x, QuantizationGrid grid) {
    double maxAbs = 0;
    for (float value : x) {
      maxAbs = Math.max(maxAbs, Math.abs(value));
    }
    double best = Double.NaN;
    double least = Double.POSITIVE_INFINITY;
    for (int k = 1; k <= 50; k++) {
      double step = k * maxAbs / 50 / grid.qMax();
      double error = 0;
      for (float value : x) {
        double level = Math.max(grid.qMin(), Math.min(grid.qMax(), value / step));
        double difference = value - Math.floor(level + 0.5) * step;
        error += difference * difference;
      }
      if (error < least) {
        least = error;
        best = step;
      }
    }
    return best;
  }

  @ParameterizedTest
  @MethodSource("io.squat.ops.LsqQuantizerTest#grids")
  void leastSquaresErrorIsThatOfTheRule(QuantizationGrid grid) {
    float[] x = gaussian(20_011, 11);
    x[17] = -9; // an outlier, which few bits had better clip
    double expected = bruteForce(x, grid);
    assertEquals(expected, StepSizes.leastSquaresError(x, grid), TOLERANCE * expected);
  }

  @Test
  void allNegativeValuesUseTheExtraLevelOfFullGrids() {
    float[] x = {-2, -2, -2, -1, -1, 0};
    // At 2 bits the levels are -2 s .. s: the step 1 is exact, though max|x| / Qp is 2.
    assertEquals(1f, StepSizes.leastSquaresError(x, new QuantizationGrid(2, Levels.FULL)));
  }

  @Test
  void batchesGiveWhatTheWholeGivesAndPaddingTakesNoPart() {
    int features = 61;
    float[] whole = gaussian(30 * features, 5);
    QuantizationGrid grid = QuantizationGrid.of(8);
    ActivationCalibration calibration = new ActivationCalibration(grid);
    float[][] batches = new float[3][];
    int[] mask = {1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0};
    for (int b = 0; b < batches.length; b++) {
      batches[b] = new float[mask.length * features];
      Arrays.fill(batches[b], 1e4f); // what padding holds must not matter
      int from = b * 10;
      for (int row = 0; row < mask.length; row++) {
        if (mask[row] != 0) {
          System.arraycopy(whole, from++ * features, batches[b], row * features, features);
        }
      }
    }
    for (float[] batch : batches) {
      calibration.observeRange(batch, mask);
    }
    for (float[] batch : batches) {
      calibration.observeErrors(batch, mask);
    }
    assertEquals(StepSizes.leastSquaresError(whole, grid), calibration.stepSize());
  }

  @Test
  void zerosAndTinyValuesHaveAPositiveStep() {
    QuantizationGrid grid = QuantizationGrid.of(4);
    assertEquals(1f / 7, StepSizes.lsq(new float[5], grid));
    assertEquals(1f / 7, StepSizes.leastSquaresError(new float[5], grid));
    assertEquals(LsqQuantizer.MIN_STEP, StepSizes.lsq(new float[] {1e-30f}, grid));
    assertEquals(LsqQuantizer.MIN_STEP, StepSizes.leastSquaresError(new float[] {1e-30f}, grid));
  }

  @Test
  void badInputIsNamed() {
    QuantizationGrid grid = QuantizationGrid.of(4);
    assertRefused(
        "Step size: expected finite values, found NaN at index 1",
        () -> StepSizes.lsq(new float[] {1, Float.NaN}, grid));
    assertRefused(
        "Step size: expected finite values, found -Infinity at index 0",
        () -> StepSizes.leastSquaresError(new float[] {Float.NEGATIVE_INFINITY}, grid));
    assertRefused(
        "Step size: expected at least one value, found none",
        () -> StepSizes.lsq(new float[0], grid));
    assertRefused(
        "Calibration batch: expected the same number of values in each of 2 rows, found 3 values",
        () -> new ActivationCalibration(grid).observeRange(new float[3], new int[2]));
  }

  private static void assertRefused(String message, Runnable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
  }

  @Test
  void passesComeInOrder() {
    QuantizationGrid grid = QuantizationGrid.of(8);
    float[] x = {1, 2, 3};
    int[] row = {1};
    ActivationCalibration onlyPadding = new ActivationCalibration(grid);
    onlyPadding.observeRange(x, new int[] {0});
    assertState("range of at least one row", onlyPadding::stepSize);
    assertState("range of at least one row", () -> onlyPadding.observeErrors(x, row));
    ActivationCalibration onlyRange = new ActivationCalibration(grid);
    onlyRange.observeRange(x, row);
    assertState("errors of at least one batch", onlyRange::stepSize);
    onlyRange.observeErrors(x, row);
    assertState("every range before the first error", () -> onlyRange.observeRange(x, row));
  }

  private static void assertState(String part, Runnable call) {
    String message =
        String.valueOf(assertThrows(IllegalStateException.class, call::run).getMessage());
    assertTrue(message.contains(part), message);
  }
}
