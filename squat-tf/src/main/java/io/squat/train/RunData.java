package io.squat.train;

import io.squat.glue.EncodedExample;
import io.squat.glue.EncodedExamples;

/**
 * What a run's rows are like, as {@code data.json} of its folder holds it.
 *
 * @param trainRows number of training rows
 * @param devRows number of dev rows
 * @param medianTokens half of the training rows have so many tokens or fewer, as they were cut
 * @param longTokens nine of ten have so many or fewer
 * @param mostTokens the longest has so many
 */
public record RunData(
    int trainRows, int devRows, int medianTokens, int longTokens, int mostTokens) {

  static RunData of(EncodedExamples train, EncodedExamples dev) {
    int[] lengths = train.rows().stream().mapToInt(EncodedExample::length).sorted().toArray();
    return new RunData(
        train.size(),
        dev.size(),
        lengths[rank(lengths.length, 5)],
        lengths[rank(lengths.length, 9)],
        lengths[lengths.length - 1]);
  }

  /** The index of the smallest of the sorted values that so many tenths do not exceed. */
  private static int rank(int count, int tenths) {
    return Math.toIntExact(((long) count * tenths + 9) / 10 - 1);
  }
}
