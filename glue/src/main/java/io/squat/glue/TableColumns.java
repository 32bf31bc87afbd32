package io.squat.glue;

import com.google.common.collect.ImmutableList;
import java.util.List;

/**
 * Where a table of the user's own has its texts and its label.
 *
 * @param texts names of one column, or of two for pairs
 * @param label name of the label's column
 */
public record TableColumns(List<String> texts, String label) {

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if there are not one or two columns of texts, or a column
   *     serves twice
   */
  public TableColumns {
    texts = ImmutableList.copyOf(texts);
    if (texts.isEmpty() || texts.size() > 2) {
      throw new IllegalArgumentException("text columns: expected one or two, found " + texts);
    }
    if (texts.contains(label) || (texts.size() == 2 && texts.get(0).equals(texts.get(1)))) {
      throw new IllegalArgumentException(
          "columns: expected different ones for texts and label, found " + texts + " and " + label);
    }
  }

  /** The columns of a file that has labels. */
  Layout layout() {
    Layout layout =
        texts.size() == 1
            ? Layout.single(texts.get(0), label)
            : Layout.pair(texts.get(0), texts.get(1), label);
    return layout.withId(null);
  }
}
