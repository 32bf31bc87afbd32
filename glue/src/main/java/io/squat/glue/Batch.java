package io.squat.glue;

import java.util.Arrays;
import java.util.List;

/**
 * Rows padded to the longest of them, as a model takes them: flat row-major arrays, B rows of T
 * tokens.
 *
 * @param rows B
 * @param length T, the number of tokens of the longest row
 * @param ids int32 [B, T], token ids; {@code [PAD]} where a row is shorter
 * @param mask int32 [B, T], 1 for tokens, 0 for padding
 * @param segments int32 [B, T], 0 for the first text, 1 for the second, 0 for padding
 * @param labels float32 [B], class indices or scores; NaN for splits without labels
 * @param rowIndices int32 [B], the rows' positions in the {@link EncodedExamples}, so that
 *     predictions can be put into the file's order
 * @param padId the id of {@code [PAD]}, by which rows are made longer
 */
// The arrays go to TensorFlow as they are; a wrapper would copy them.
@SuppressWarnings("ArrayRecordComponent")
public record Batch(
    int rows,
    int length,
    int[] ids,
    int[] mask,
    int[] segments,
    float[] labels,
    int[] rowIndices,
    int padId) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if an array's size does not fit
   */
  public Batch {
    checkSize("ids", rows * length, ids.length);
    checkSize("mask", rows * length, mask.length);
    checkSize("segments", rows * length, segments.length);
    checkSize("labels", rows, labels.length);
    checkSize("rowIndices", rows, rowIndices.length);
  }

  /**
   * Rows of a vocabulary whose {@code [PAD]} is 0, as BERT's is.
   *
   * @throws IllegalArgumentException if an array's size does not fit
   */
  public Batch(
      int rows,
      int length,
      int[] ids,
      int[] mask,
      int[] segments,
      float[] labels,
      int[] rowIndices) {
    this(rows, length, ids, mask, segments, labels, rowIndices, 0);
  }

  private static void checkSize(String what, int expected, int found) {
    if (found != expected) {
      throw new IllegalArgumentException(
          "batch: expected " + expected + " " + what + ", found " + found);
    }
  }

  /** Pads the rows of those indices. */
  static Batch of(EncodedExamples examples, int[] rowIndices) {
    List<EncodedExample> all = examples.rows();
    int rows = rowIndices.length;
    int length = 0;
    for (int index : rowIndices) {
      length = Math.max(length, all.get(index).length());
    }
    int[] ids = new int[rows * length];
    int[] mask = new int[rows * length];
    int[] segments = new int[rows * length];
    float[] labels = new float[rows];
    Arrays.fill(ids, examples.padId());
    for (int row = 0; row < rows; row++) {
      EncodedExample example = all.get(rowIndices[row]);
      int start = row * length;
      int end = start + example.length();
      System.arraycopy(example.ids(), 0, ids, start, example.length());
      Arrays.fill(mask, start, end, 1);
      Arrays.fill(segments, start + example.firstSegmentLength(), end, 1);
      labels[row] = example.label();
    }
    return new Batch(rows, length, ids, mask, segments, labels, rowIndices, examples.padId());
  }
}
