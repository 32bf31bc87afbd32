package io.squat.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Intervals of simulated comparisons, whose true difference is known: a row is answered rightly if
 * its own ease, the method's skill, the seed's luck and the pair's chance, all normal, add up to
 * more than 0.
 */
class PairedBootstrapTest {
  private static final int ROWS = 200;
  private static final int EXPERIMENTS = 250;
  private static final int REPLICATES = 300;
  private static final double OF_ROWS = 1;
  private static final double OF_CHANCE = 0.5;

  /** Answers of one method by its seeds: 1 where they are right, as all labels are. */
  private static List<float[]> answers(
      double skill, double luck, double[] ease, int seeds, Random random) {
    List<float[]> all = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      double ofSeed = skill + luck * random.nextGaussian();
      float[] answers = new float[ROWS];
      for (int row = 0; row < ROWS; row++) {
        answers[row] = ease[row] + ofSeed + OF_CHANCE * random.nextGaussian() > 0 ? 1 : 0;
      }
      all.add(answers);
    }
    return all;
  }

  private static double accuracy(double skill, double luck) {
    double deviation = Math.sqrt(OF_ROWS * OF_ROWS + OF_CHANCE * OF_CHANCE + luck * luck);
    return new NormalDistribution(0, deviation).cumulativeProbability(skill);
  }

  @ParameterizedTest
  @CsvSource({
    // Of 95 % intervals; seeds that add nothing, as much as the rows, and nearly all.
    "2, 0, 0.93", "3, 0, 0.93", "5, 0, 0.93",
    "2, 0.1, 0.9", "3, 0.1, 0.93", "5, 0.1, 0.93",
    "2, 0.3, 0.86", "3, 0.3, 0.92", "5, 0.3, 0.93"
  })
  void holdsTheTrueDifference(int seeds, double luck, double atLeast) {
    Random random = new Random(7);
    float[] labels = new float[ROWS];
    Arrays.fill(labels, 1);
    double truth = accuracy(0.9, luck) - accuracy(0.8, luck);
    int held = 0;
    int alone = 0;
    for (int i = 0; i < EXPERIMENTS; i++) {
      double[] ease = new double[ROWS];
      for (int row = 0; row < ROWS; row++) {
        ease[row] = OF_ROWS * random.nextGaussian();
      }
      List<float[]> ours = answers(0.9, luck, ease, seeds, random);
      List<float[]> theirs = answers(0.8, luck, ease, seeds, random);
      List<PairedBootstrap.Pair> pairs = new ArrayList<>();
      for (int seed = 0; seed < seeds; seed++) {
        pairs.add(new PairedBootstrap.Pair(ours.get(seed), theirs.get(seed)));
      }
      PairedBootstrap.Interval found =
          PairedBootstrap.of(Metric.ACCURACY, labels, pairs, REPLICATES);
      held += found.low() <= truth && truth <= found.high() ? 1 : 0;
      alone += found.seedShare() == 0 ? 1 : 0;
    }
    assertTrue(held >= atLeast * EXPERIMENTS, held + " of " + EXPERIMENTS);
    if (luck == 0) {
      // A variance of 0 is estimated below 0 in half of all samples, of few in more.
      assertTrue(alone >= 0.5 * EXPERIMENTS, alone + " of " + EXPERIMENTS);
    }
  }

  @Test
  void ofOneSeedNothingIsSaidOfSeeds() {
    float[] labels = {1, 1, 1, 0};
    PairedBootstrap.Pair pair = new PairedBootstrap.Pair(labels, new float[] {1, 0, 1, 0});
    PairedBootstrap.Interval found =
        PairedBootstrap.of(Metric.ACCURACY, labels, List.of(pair), REPLICATES);
    assertEquals(0.25, found.difference());
    assertEquals(Double.NaN, found.seedShare());
  }
}
