package io.squat.glue;

/**
 * One row as token ids: {@code [CLS] a [SEP]} or {@code [CLS] a [SEP] b [SEP]}.
 *
 * @param ids int32 [T], token ids with the special tokens; not copied, not to be changed
 * @param firstSegmentLength how many of them, from the left, belong to segment 0; the others belong
 *     to segment 1
 * @param label class index, score, or NaN
 * @param truncated whether the row lost tokens because it was longer than the longest length
 *     allowed
 */
// An immutable array class would box or copy what goes straight into a batch.
@SuppressWarnings("ArrayRecordComponent")
public record EncodedExample(int[] ids, int firstSegmentLength, float label, boolean truncated) {

  /** Checks. */
  public EncodedExample {
    if (firstSegmentLength < 1 || firstSegmentLength > ids.length) {
      throw new IllegalArgumentException(
          "expected a first segment of 1 to "
              + ids.length
              + " tokens, found "
              + firstSegmentLength);
    }
  }

  /** Number of tokens. */
  public int length() {
    return ids.length;
  }
}
