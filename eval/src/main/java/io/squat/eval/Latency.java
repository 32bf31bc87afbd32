package io.squat.eval;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.math.Quantiles;
import io.squat.glue.Batch;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * How long a model takes for a batch.
 *
 * @param load what it was given
 * @param medianMilliseconds the median time of a run, in milliseconds a batch
 * @param p99Milliseconds the 99th percentile, interpolated linearly between ranks
 */
public record Latency(Load load, double medianMilliseconds, double p99Milliseconds) {
  private static final int WARM_UP_RUNS = 5;
  private static final int MEDIAN = 50;
  private static final int P99 = 99;
  private static final double NANOSECONDS_PER_MILLISECOND = 1e6;

  /**
   * What a model is timed on: rows of random token ids, all of the same length.
   *
   * @param rows B, at least 1
   * @param length T, tokens a row, at least 1
   * @param vocabulary token ids are drawn from 0 to this number, exclusive; at least 1
   * @param runs how many runs are timed, at least 1
   * @param seed the seed of the token ids
   */
  public record Load(int rows, int length, int vocabulary, int runs, long seed) {

    /**
     * Checks.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public Load {
      checkPositive("rows", rows);
      checkPositive("length", length);
      checkPositive("vocabulary", vocabulary);
      checkPositive("runs", runs);
    }

    private static void checkPositive(String what, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(
            "latency: expected " + what + " of at least 1, found " + value);
      }
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

  /**
   * Times a model, after some runs that warm it up.
   *
   * @param classifier the model
   * @param load what it is given
   * @throws IllegalArgumentException if rows are longer than the model takes
   * @throws IllegalStateException if the model fails, see {@link Classifier#predict}
   */
  public static Latency measure(Classifier classifier, Load load) {
    Batch batch = load.batch();
    for (int run = 0; run < WARM_UP_RUNS; run++) {
      classifier.predict(batch);
    }
    double[] milliseconds = new double[load.runs()];
    for (int run = 0; run < milliseconds.length; run++) {
      long start = System.nanoTime();
      classifier.predict(batch);
      milliseconds[run] = (System.nanoTime() - start) / NANOSECONDS_PER_MILLISECOND;
    }
    return of(load, milliseconds);
  }

  static Latency of(Load load, double[] milliseconds) {
    Map<Integer, Double> quantiles =
        Quantiles.percentiles().indexes(MEDIAN, P99).compute(milliseconds);
    return new Latency(
        load,
        Objects.requireNonNull(quantiles.get(MEDIAN)),
        Objects.requireNonNull(quantiles.get(P99)));
  }

  /**
   * The latency as a JSON object:
   *
   * <pre>
   * {"rows": 1, "length": 128, "runs": 50, "seed": 1, "medianMilliseconds": 30.3,
   *  "p99Milliseconds": 33.1}
   * </pre>
   */
  public ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("rows", load.rows())
        .put("length", load.length())
        .put("runs", load.runs())
        .put("seed", load.seed())
        .put("medianMilliseconds", medianMilliseconds)
        .put("p99Milliseconds", p99Milliseconds);
  }
}
