package io.squat.ops;

import java.util.Arrays;

/**
 * Finds the step size of least mean squared error for activations, in two passes over the same
 * calibration batches: first the range, then the errors of 50 candidates.
 *
 * <pre>
 * s_k = (k / 50) * max|x| / Qp      k = 1 .. 50
 * s   = the s_k of least sum over x of (x - s_k * round(clip(x / s_k, qMin, qMax)))^2
 * </pre>
 *
 * <p>The bound is Qp on full grids too: at k = 50 the largest magnitude is then represented
 * whatever its sign, and a tensor whose large values are all negative finds its step among the
 * smaller fractions. Rows that are padding take no part.
 */
public final class ActivationCalibration {
  /** Number of candidates. */
  static final int FRACTIONS = 50;

  // Values are worked on in blocks, each in a lane of its own, so that the inner loop is compiled
  // to
  // vector instructions. A lane adds up this many squared errors in float, then they go to double.
  private static final int LANES = 512;
  private static final int BLOCKS_PER_FLUSH = 16;

  // Adding and subtracting 1.5 * 2^23 rounds a float of small magnitude to an integer. Ties go to
  // even, which changes no error; unlike Math.floor it is compiled to vector instructions.
  private static final float ROUNDER = 0x1.8p23f;

  private final QuantizationGrid grid;
  private final double[] squaredErrors = new double[FRACTIONS];
  private final float[] block = new float[LANES];
  private final float[][] lanes = new float[FRACTIONS][LANES];
  private int blocksInLanes;
  private boolean seen;
  private boolean measured;
  private float maxAbs;

  /**
   * Starts with no batch seen.
   *
   * @param grid the grid of the activations' quantizer
   */
  public ActivationCalibration(QuantizationGrid grid) {
    this.grid = grid;
  }

  /**
   * First pass: widens the range to a batch.
   *
   * @param x float32 [rows, features], row by row
   * @param rowMask [rows], 0 for a row that is padding
   * @throws IllegalArgumentException if the rows do not divide x or a value is not finite
   * @throws IllegalStateException if the second pass has begun
   */
  public void observeRange(float[] x, int[] rowMask) {
    if (measured) {
      throw new IllegalStateException(
          "Calibration: expected every range before the first error, found a range after it");
    }
    int features = features(x, rowMask);
    for (int row = 0; row < rowMask.length; row++) {
      if (rowMask[row] != 0) {
        float rowMax = StepSizes.maxAbs(x, row * features, (row + 1) * features);
        maxAbs = Math.max(maxAbs, rowMax);
        seen = true;
      }
    }
  }

  /**
   * Second pass: adds a batch's squared errors under every candidate.
   *
   * @param x float32 [rows, features], row by row, one of the batches of the first pass
   * @param rowMask [rows], 0 for a row that is padding
   * @throws IllegalArgumentException if the rows do not divide x
   * @throws IllegalStateException if the first pass has seen no row
   */
  public void observeErrors(float[] x, int[] rowMask) {
    requireRange();
    measured = true;
    int features = features(x, rowMask);
    int filled = 0;
    for (int row = 0; row < rowMask.length; row++) {
      int end = rowMask[row] == 0 ? row * features : (row + 1) * features;
      for (int i = row * features; i < end; ) {
        int length = Math.min(LANES - filled, end - i);
        System.arraycopy(x, i, block, filled, length);
        i += length;
        filled += length;
        if (filled == LANES) {
          addBlock();
          filled = 0;
        }
      }
    }
    Arrays.fill(block, filled, LANES, 0); // zeros have no error
    addBlock();
    flush();
  }

  /**
   * The candidate of least error.
   *
   * @return a positive step size; for nothing but zeros {@code 1 / Qp}
   * @throws IllegalStateException if a pass is missing
   */
  public float stepSize() {
    requireRange();
    if (maxAbs == 0) {
      return StepSizes.ofZeros(grid);
    }
    if (!measured) {
      throw new IllegalStateException(
          "Calibration: expected the errors of at least one batch, found none");
    }
    int best = 0;
    for (int k = 1; k < FRACTIONS; k++) {
      if (squaredErrors[k] < squaredErrors[best]) {
        best = k;
      }
    }
    return candidate(best);
  }

  private void requireRange() {
    if (!seen) {
      throw new IllegalStateException(
          "Calibration: expected the range of at least one row that is not padding, found none");
    }
  }

  private float candidate(int k) {
    return StepSizes.positive((k + 1.0) / FRACTIONS * maxAbs / grid.qMax());
  }

  private void addBlock() {
    for (int k = 0; k < FRACTIONS; k++) {
      addSquaredErrors(block, candidate(k), grid.qMin(), grid.qMax(), lanes[k]);
    }
    blocksInLanes++;
    if (blocksInLanes == BLOCKS_PER_FLUSH) {
      flush();
    }
  }

  private static void addSquaredErrors(
      float[] block, float stepSize, float low, float high, float[] sums) {
    float inverse = 1 / stepSize;
    for (int lane = 0; lane < LANES; lane++) {
      float value = block[lane];
      float level = Math.max(low, Math.min(high, value * inverse));
      float error = value - (level + ROUNDER - ROUNDER) * stepSize;
      sums[lane] += error * error;
    }
  }

  private void flush() {
    for (int k = 0; k < FRACTIONS; k++) {
      for (float sum : lanes[k]) {
        squaredErrors[k] += sum;
      }
      Arrays.fill(lanes[k], 0);
    }
    blocksInLanes = 0;
  }

  private static int features(float[] x, int[] rowMask) {
    if (rowMask.length == 0 || x.length == 0 || x.length % rowMask.length != 0) {
      throw new IllegalArgumentException(
          "Calibration batch: expected the same number of values in each of "
              + rowMask.length
              + " rows, found "
              + x.length
              + " values");
    }
    return x.length / rowMask.length;
  }
}
