package io.squat.report;

import io.squat.plots.Figure;
import java.util.List;

/** A part of a page. */
sealed interface Block {
  /**
   * A title.
   *
   * @param level 1 for the page's, 2 and 3 below it
   * @param text the title
   */
  record Heading(int level, String text) implements Block {}

  /**
   * A paragraph.
   *
   * @param text what it says
   */
  record Text(String text) implements Block {}

  /**
   * A table.
   *
   * @param head the names of the columns
   * @param rows a text a column each
   */
  record Table(List<String> head, List<List<String>> rows) implements Block {
    public Table {
      head = List.copyOf(head);
      rows = rows.stream().map(List::copyOf).toList();
      for (List<String> row : rows) {
        if (row.size() != head.size()) {
          throw new IllegalArgumentException(
              "table: expected rows of " + head.size() + " columns, found " + row);
        }
      }
    }
  }

  /**
   * A picture.
   *
   * @param file the name of its PNG
   * @param caption what it shows
   * @param figure what is drawn
   */
  record Picture(String file, String caption, Figure figure) implements Block {}
}
