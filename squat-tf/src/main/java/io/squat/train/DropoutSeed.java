package io.squat.train;

import com.google.common.hash.Hashing;

/**
 * The seed of the dropout masks of one batch.
 *
 * @param first the first number
 * @param second the second number
 */
record DropoutSeed(int first, int second) {
  /** For a dropout rate of 0. */
  static final DropoutSeed NONE = new DropoutSeed(0, 0);

  /**
   * The seed of a batch, a function of its arguments alone.
   *
   * @param seed the run's seed
   * @param stage which stage of the run
   * @param step which batch of the stage
   */
  static DropoutSeed of(long seed, int stage, long step) {
    long mixed =
        Hashing.murmur3_128().newHasher().putLong(seed).putInt(stage).putLong(step).hash().asLong();
    return new DropoutSeed((int) (mixed >>> 32), (int) mixed);
  }
}
