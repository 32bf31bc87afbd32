package io.squat.glue;

import java.util.List;

/**
 * Rows as token ids, in the file's order.
 *
 * <p>Made by {@link WordPiece#encode}; batched by {@link Batches}.
 */
public final class EncodedExamples {
  private final List<EncodedExample> rows;
  private final int padId;

  EncodedExamples(List<EncodedExample> rows, int padId) {
    this.rows = List.copyOf(rows);
    this.padId = padId;
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

  /** Id of the token that fills a batch's shorter rows. */
  public int padId() {
    return padId;
  }
}
