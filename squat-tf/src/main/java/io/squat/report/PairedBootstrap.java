package io.squat.report;

import io.squat.glue.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * How sure a difference between two groups of runs is, by resampling what could have been drawn
 * otherwise: the dev rows and the seeds.
 *
 * <pre>
 * difference = mean over seeds of metric(ours, rows) - metric(theirs, rows)
 * </pre>
 *
 * <p>Each replicate draws the rows anew, with replacement, and the seeds anew. Both models of a
 * seed see the same rows, and so do all seeds: rows that are hard by chance are hard for all of
 * them. A mean of n seeds that are drawn from n has only (n - 1) / n of the variance that it has
 * over seeds; its distance to the mean over all of them is therefore made sqrt(n / (n - 1)) times
 * as large. The interval goes from the 2.5 % to the 97.5 % quantile of the replicates. With one
 * seed it is about the rows alone.
 *
 * <p>Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for rows
 * and seeds that are crossed: Owen, "The pigeonhole bootstrap", 2007; for the variance of few
 * clusters: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
 */
final class PairedBootstrap {
  /** How many replicates there are. */
  static final int REPLICATES = 2000;

  private static final double LOW = 0.025;
  private static final double HIGH = 0.975;
  private static final long SEED = 20260101;

  private PairedBootstrap() {}

  /**
   * The predictions of one seed.
   *
   * @param ours of the run that is looked at
   * @param theirs of the run that it is compared with
   */
  @SuppressWarnings("ArrayRecordComponent") // read only
  record Pair(float[] ours, float[] theirs) {}

  /**
   * A difference with its interval.
   *
   * @param difference of the rows and seeds that there are
   * @param low the 2.5 % quantile of the replicates
   * @param high the 97.5 % quantile
   */
  record Interval(double difference, double low, double high) {}

  /**
   * Computes it.
   *
   * @param metric the metric
   * @param labels of the dev rows
   * @param pairs a pair a seed
   */
  static Interval of(Metric metric, float[] labels, List<Pair> pairs) {
    Random random = new Random(SEED);
    int rows = labels.length;
    int[] drawn = new int[rows];
    float[] drawnLabels = new float[rows];
    double[] differences = new double[pairs.size()];
    double[] replicates = new double[REPLICATES];
    double stretch =
        differences.length == 1 ? 1 : Math.sqrt(differences.length / (differences.length - 1.0));
    for (int replicate = 0; replicate < REPLICATES; replicate++) {
      for (int i = 0; i < rows; i++) {
        drawn[i] = random.nextInt(rows);
      }
      gather(labels, drawn, drawnLabels);
      for (int seed = 0; seed < differences.length; seed++) {
        Pair pair = pairs.get(seed);
        differences[seed] =
            difference(
                metric, gathered(pair.ours(), drawn), gathered(pair.theirs(), drawn), drawnLabels);
      }
      double all = Arrays.stream(differences).sum() / differences.length;
      double sum = 0;
      for (int i = 0; i < differences.length; i++) {
        sum += differences[random.nextInt(differences.length)];
      }
      replicates[replicate] = all + stretch * (sum / differences.length - all);
    }
    Arrays.sort(replicates);
    double sum = 0;
    for (Pair pair : pairs) {
      sum += difference(metric, pair.ours(), pair.theirs(), labels);
    }
    return new Interval(sum / pairs.size(), quantile(replicates, LOW), quantile(replicates, HIGH));
  }

  private static double difference(Metric metric, float[] ours, float[] theirs, float[] labels) {
    return metric.value(ours, labels) - metric.value(theirs, labels);
  }

  private static float[] gathered(float[] values, int[] rows) {
    float[] gathered = new float[rows.length];
    gather(values, rows, gathered);
    return gathered;
  }

  private static void gather(float[] values, int[] rows, float[] into) {
    for (int i = 0; i < rows.length; i++) {
      into[i] = values[rows[i]];
    }
  }

  /** Between the two nearest of the sorted values, as NumPy does it. */
  private static double quantile(double[] sorted, double part) {
    double place = part * (sorted.length - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
