package io.squat.train;

import io.squat.glue.Examples;
import org.jspecify.annotations.Nullable;

/** A part of the training rows: the same one with every seed, so that seeds can be compared. */
final class TrainRows {
  private static final long SEED = 0;

  private TrainRows() {}

  /**
   * The first rows of the shuffled ones.
   *
   * @param all the rows of the file
   * @param count how many; null for all, in the file's order
   * @throws IllegalArgumentException if there are fewer
   */
  static Examples of(Examples all, @Nullable Integer count) {
    if (count == null) {
      return all;
    }
    if (count > all.rows().size()) {
      throw new IllegalArgumentException(
          "train-rows: expected at most the "
              + all.rows().size()
              + " training rows of "
              + all.task().displayName()
              + ", found "
              + count);
    }
    return all.some(count, SEED);
  }
}
