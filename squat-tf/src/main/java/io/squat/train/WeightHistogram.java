package io.squat.train;

import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
import java.util.List;

/**
 * How the weights of a kernel or table lie on their grid: a histogram of w / s.
 *
 * @param name the variable
 * @param kind {@code weight} or {@code embedding}
 * @param bits the width of the grid's integers
 * @param qMin the grid's lowest integer
 * @param qMax its highest
 * @param low where the first bin begins, in steps
 * @param high where the last one ends
 * @param below how many weights lie below the first bin
 * @param above how many lie above the last
 * @param counts how many lie in each of the bins, which are of equal width
 */
public record WeightHistogram(
    String name,
    String kind,
    int bits,
    int qMin,
    int qMax,
    double low,
    double high,
    long below,
    long above,
    List<Long> counts) {
  private static final int BINS = 64;
  // A ternary grid is narrow: most of what it clips lies within two steps of it.
  private static final double LEAST_MARGIN = 2;

  /** Copies the counts. */
  public WeightHistogram {
    counts = List.copyOf(counts);
  }

  /**
   * Counts the weights.
   *
   * @param name the variable
   * @param kind {@code weight} or {@code embedding}
   * @param grid the grid
   * @param values the weights, row by row
   * @param steps the step size, or one a column
   */
  static WeightHistogram of(
      String name, String kind, QuantizationGrid grid, float[] values, float[] steps) {
    double margin = Math.max(LEAST_MARGIN, (grid.qMax() - grid.qMin()) / 4.0);
    double low = grid.qMin() - margin;
    double high = grid.qMax() + margin;
    long[] bins = new long[BINS + 2]; // below the first one, and above the last
    for (int i = 0; i < values.length; i++) {
      double inSteps = (double) values[i] / steps[i % steps.length];
      double bin = Math.floor((inSteps - low) / (high - low) * BINS);
      bins[(int) Math.max(-1, Math.min(BINS, bin)) + 1]++;
    }
    List<Long> counts = new ArrayList<>();
    for (int i = 1; i <= BINS; i++) {
      counts.add(bins[i]);
    }
    return new WeightHistogram(
        name,
        kind,
        grid.bits(),
        grid.qMin(),
        grid.qMax(),
        low,
        high,
        bins[0],
        bins[BINS + 1],
        counts);
  }
}
