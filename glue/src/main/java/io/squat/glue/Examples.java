package io.squat.glue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one file, in the file's order.
 *
 * @param task the task they belong to
 * @param split the part of the task's data
 * @param rows the rows, at least one; those of a pair task have two texts each
 * @param skippedRows rows of the file that are not among them: QQP rows with a wrong number of
 *     columns, MNLI rows without gold label
 * @param sha256 SHA-256 of the uncompressed file, in hexadecimal: what a run folder calls the data
 *     hash
 */
public record Examples(Task task, Split split, List<Example> rows, int skippedRows, String sha256) {

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if there are no rows, or a row has one text too many or too
   *     few for the task
   */
  public Examples {
    rows = List.copyOf(rows);
    if (rows.isEmpty()) {
      throw new IllegalArgumentException(
          task.displayName() + " " + split + ": expected at least one row, found none");
    }
    for (int row = 0; row < rows.size(); row++) {
      if ((rows.get(row).textB() != null) != task.pair()) {
        throw new IllegalArgumentException(
            task.displayName()
                + " "
                + split
                + ", row "
                + row
                + ": expected "
                + (task.pair() ? "two texts" : "one text"));
      }
    }
  }

  /**
   * A part of the rows: the first when they are shuffled by a seed, the same on every Java
   * platform.
   *
   * @param count how many, 1 up to all
   * @param seed decides which
   */
  public Examples some(int count, long seed) {
    List<Example> shuffled = new ArrayList<>(rows);
    // Random and not SplittableRandom: its algorithm is part of its documentation.
    Collections.shuffle(shuffled, new Random(seed));
    return new Examples(task, split, shuffled.subList(0, count), skippedRows, sha256);
  }

  /** The first texts. */
  public List<String> textsA() {
    return rows.stream().map(Example::textA).toList();
  }

  /** The second texts; null for tasks of one text. */
  public @Nullable List<String> textsB() {
    return task.pair()
        ? rows.stream().map(row -> Objects.requireNonNull(row.textB())).toList()
        : null;
  }

  /** The labels, float32 [N]: class indices, scores, or NaN. */
  public float[] labels() {
    float[] labels = new float[rows.size()];
    for (int row = 0; row < labels.length; row++) {
      labels[row] = rows.get(row).label();
    }
    return labels;
  }
}
