package io.squat.report;

import java.util.List;
import java.util.stream.Collectors;

/** Tables as CSV of RFC 4180, with line feeds. */
final class Csv {
  private Csv() {}

  static String text(Block.Table table) {
    return line(table.head()) + table.rows().stream().map(Csv::line).collect(Collectors.joining());
  }

  private static String line(List<String> cells) {
    return cells.stream().map(Csv::cell).collect(Collectors.joining(",")) + "\n";
  }

  private static String cell(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
