package io.squat.glue;

import java.util.Arrays;
import java.util.List;

/**
 * Rows as token ids, in the file's order.
 *
 * <p>Made by {@link WordPiece#encode}; batched by {@link Batches}.
 */
public final class EncodedExamples {
  private final List<EncodedExample> rows;
  private final int padId;
  private final int unknownId;

  EncodedExamples(List<EncodedExample> rows, int padId, int unknownId) {
    this.rows = List.copyOf(rows);
    this.padId = padId;
    this.unknownId = unknownId;
  }

  /** The rows. */
  public List<EncodedExample> rows() {
    return rows;
  }

  /** Number of rows. */
  public int size() {
    return rows.size();
  }

  /** How many rows lost tokens because they were longer than the longest length allowed. */
  public int truncatedRows() {
    return (int) rows.stream().filter(EncodedExample::truncated).count();
  }

  /** Which part of all tokens is {@code [UNK]}: words that the vocabulary does not have. */
  public double unknownShare() {
    long unknown = 0;
    long all = 0;
    for (EncodedExample row : rows) {
      unknown += Arrays.stream(row.ids()).filter(id -> id == unknownId).count();
      all += row.length();
    }
    return (double) unknown / Math.max(1, all);
  }

  /** Id of the token that fills a batch's shorter rows. */
  public int padId() {
    return padId;
  }
}
