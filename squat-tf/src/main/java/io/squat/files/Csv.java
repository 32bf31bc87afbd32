package io.squat.files;

import java.util.List;
import java.util.stream.Collectors;

/** Rows as CSV of RFC 4180, with line feeds. */
public final class Csv {
  private Csv() {}

  /** A line for the head and one for each row, cells quoted where they have to be. */
  public static String text(List<String> head, List<List<String>> rows) {
    return line(head) + rows.stream().map(Csv::line).collect(Collectors.joining());
  }

  private static String line(List<String> cells) {
    return cells.stream().map(Csv::cell).collect(Collectors.joining(",")) + "\n";
  }

  private static String cell(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
