package io.squat.eval;

import io.squat.glue.Batch;
import java.util.Arrays;
import java.util.Random;

/** Batches of random rows of different lengths. */
final class Rows {
  private Rows() {}

  /** Rows of random ids, the first as long as the batch, the others shorter or equal. */
  static Batch random(int rows, int length, long seed) {
    Random random = new Random(seed);
    int[] ids = new int[rows * length];
    int[] mask = new int[rows * length];
    int[] segments = new int[rows * length];
    int[] rowIndices = new int[rows];
    for (int row = 0; row < rows; row++) {
      rowIndices[row] = row;
      int tokens = row == 0 ? length : 1 + random.nextInt(length);
      int second = random.nextInt(tokens + 1);
      for (int t = 0; t < tokens; t++) {
        int at = row * length + t;
        ids[at] = 1 + random.nextInt(TinyClassifier.VOCABULARY - 1);
        mask[at] = 1;
        segments[at] = t < second ? 0 : 1;
      }
    }
    float[] labels = new float[rows];
    Arrays.fill(labels, Float.NaN);
    return new Batch(rows, length, ids, mask, segments, labels, rowIndices);
  }
}
