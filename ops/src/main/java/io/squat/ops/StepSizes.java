package io.squat.ops;

/**
 * Step sizes to start training from.
 *
 * <p>LSQ's own formula suits up to 4 bits; at 8 bits its step is twice the best one, so wider grids
 * take the step of least mean squared error. A tensor of zeros is exact under any step; it gets
 * {@code 1 / Qp}, with which the grid spans one. No step is below {@link LsqQuantizer#MIN_STEP}.
 */
public final class StepSizes {
  /** The widest weights for which LSQ's own formula is used, in bits. */
  private static final int MAX_LSQ_BITS = 4;

  private StepSizes() {}

  /**
   * The step that a weight tensor starts with: {@link #lsq} up to 4 bits, else {@link
   * #leastSquaresError}.
   *
   * @param weights the fine-tuned float weights, in any order
   * @param grid the grid of their quantizer
   * @return a positive step size
   * @throws IllegalArgumentException if there are no weights or one is not finite
   */
  public static float ofWeights(float[] weights, QuantizationGrid grid) {
    return grid.bits() <= MAX_LSQ_BITS ? lsq(weights, grid) : leastSquaresError(weights, grid);
  }

  /**
   * The step of LSQ, {@code 2 * mean|x| / sqrt(Qp)} (Esser et al., arXiv 1902.08153, section 2.1).
   *
   * @param x the values to quantize
   * @param grid the grid of their quantizer
   * @return a positive step size
   * @throws IllegalArgumentException if there are no values or one is not finite
   */
  public static float lsq(float[] x, QuantizationGrid grid) {
    if (maxAbs(x) == 0) {
      return ofZeros(grid);
    }
    double sum = 0;
    for (float value : x) {
      sum += Math.abs(value);
    }
    return positive(2 * sum / x.length / Math.sqrt(grid.qMax()));
  }

  /**
   * The step of least mean squared error between x and its quantized values, among 50 fractions of
   * {@code max|x| / Qp}; see {@link ActivationCalibration} for the candidates.
   *
   * @param x the values to quantize
   * @param grid the grid of their quantizer
   * @return a positive step size
   * @throws IllegalArgumentException if there are no values or one is not finite
   */
  public static float leastSquaresError(float[] x, QuantizationGrid grid) {
    ActivationCalibration calibration = new ActivationCalibration(grid);
    int[] oneRow = {1};
    calibration.observeRange(x, oneRow);
    calibration.observeErrors(x, oneRow);
    return calibration.stepSize();
  }

  /** The largest magnitude; refuses an empty array and values that are not finite. */
  private static float maxAbs(float[] x) {
    if (x.length == 0) {
      throw new IllegalArgumentException("Step size: expected at least one value, found none");
    }
    return maxAbs(x, 0, x.length);
  }

  static float maxAbs(float[] x, int from, int to) {
    float max = 0;
    for (int i = from; i < to; i++) {
      float magnitude = Math.abs(x[i]);
      // Written so that NaN fails the test too.
      if (!(magnitude <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "Step size: expected finite values, found " + x[i] + " at index " + i);
      }
      max = Math.max(max, magnitude);
    }
    return max;
  }

  static float ofZeros(QuantizationGrid grid) {
    return 1f / grid.qMax();
  }

  static float positive(double stepSize) {
    return Math.max(LsqQuantizer.MIN_STEP, (float) stepSize);
  }
}
