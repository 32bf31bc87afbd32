package io.squat.eval;

import com.google.common.math.Quantiles;
import com.google.common.primitives.Doubles;
import io.squat.glue.Batch;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * How long a model takes for a batch.
 *
 * @param runs how many were timed
 * @param minMilliseconds of the fastest one
 * @param medianMilliseconds in milliseconds a batch
 * @param p99Milliseconds the 99th percentile, interpolated linearly between ranks
 */
public record Latency(
    int runs, double minMilliseconds, double medianMilliseconds, double p99Milliseconds) {
  private static final int MEDIAN = 50;
  private static final int P99 = 99;

  /**
   * What a model is timed on: rows of random token ids, all of the same length.
   *
   * @param rows B, at least 1
   * @param length T, tokens a row, at least 1
   * @param vocabulary token ids are drawn from 0 to this number, exclusive; at least 1
   * @param seed the seed of the token ids
   */
  public record Load(int rows, int length, int vocabulary, long seed) {

    /**
     * Checks.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public Load {
      checkPositive("rows", rows);
      checkPositive("length", length);
      checkPositive("vocabulary", vocabulary);
    }

    /** The rows. */
    Batch batch() {
      Random random = new Random(seed);
      int[] ids = random.ints((long) rows * length, 0, vocabulary).toArray();
      int[] mask = new int[ids.length];
      Arrays.fill(mask, 1);
      int[] rowIndices = new int[rows];
      Arrays.setAll(rowIndices, row -> row);
      float[] labels = new float[rows];
      Arrays.fill(labels, Float.NaN);
      return new Batch(rows, length, ids, mask, new int[ids.length], labels, rowIndices);
    }
  }

  static void checkPositive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "latency: expected " + what + " of at least 1, found " + value);
    }
  }

  /**
   * Ranks times.
   *
   * @param milliseconds at least one
   */
  static Latency of(Collection<Double> milliseconds) {
    Map<Integer, Double> quantiles =
        Quantiles.percentiles().indexes(MEDIAN, P99).compute(milliseconds);
    return new Latency(
        milliseconds.size(),
        Doubles.min(Doubles.toArray(milliseconds)),
        Objects.requireNonNull(quantiles.get(MEDIAN)),
        Objects.requireNonNull(quantiles.get(P99)));
  }
}
