package io.squat.glue;

import com.google.common.collect.ImmutableList;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns a table's rows into examples, once it has seen the table's header. */
final class RowParser {
  private static final int ABSENT = -1;

  private final Table table;
  private final RowRules rules;
  private final List<String> header;
  private final int id;
  private final int textA;
  private final int textB;
  private final int label;

  private RowParser(Table table, RowRules rules, List<String> header) {
    this.table = table;
    this.rules = rules;
    this.header = header;
    Layout layout = rules.layout();
    this.id = indexOf(header, layout.id());
    this.textA = indexOf(header, layout.textA());
    this.textB = indexOf(header, layout.textB());
    this.label = indexOf(header, layout.label());
  }

  private static int indexOf(List<String> header, @Nullable String column) {
    return column == null ? ABSENT : header.indexOf(column);
  }

  /**
   * Reads the header of a table of which the texts alone are wanted.
   *
   * @param name of the file, for errors
   * @param columns one column, or two for pairs; null takes the first
   */
  static RowParser ofTexts(Table table, String name, @Nullable List<String> columns) {
    List<String> header = table.header();
    if (header == null) {
      throw new IllegalArgumentException(
          name + ": expected columns and at least one row, found nothing");
    }
    List<String> wanted = columns == null ? header.subList(0, 1) : columns;
    if (wanted.isEmpty() || wanted.size() > 2 || !header.containsAll(wanted)) {
      throw new IllegalArgumentException(
          name + ": expected text columns of " + header + ", one or two, found " + wanted);
    }
    checkOnce(table, header, wanted);
    Layout layout =
        new Layout(
            wanted.get(0),
            wanted.size() == 1 ? null : wanted.get(1),
            null,
            null,
            ImmutableList.of());
    return new RowParser(table, RowRules.of(layout), header);
  }

  /**
   * Reads the header and checks that all columns are there.
   *
   * @param name of the file, for errors
   * @param rows what the rows are of, for errors
   */
  static RowParser of(Table table, String name, RowRules rules, String rows) {
    List<String> required = rules.layout().required();
    List<String> header = table.header();
    if (header == null) {
      throw new IllegalArgumentException(
          name + ": expected a header line with " + quoted(required) + ", found an empty file");
    }
    List<String> missing = required.stream().filter(column -> !header.contains(column)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          table.where()
              + ": missing column "
              + quoted(missing)
              + "; expected the "
              + table.dialect()
              + " header of "
              + rows
              + ", found "
              + quoted(header));
    }
    checkOnce(table, header, required);
    return new RowParser(table, rules, header);
  }

  private static void checkOnce(Table table, List<String> header, List<String> columns) {
    for (String column : columns) {
      if (header.indexOf(column) != header.lastIndexOf(column)) {
        throw new IllegalArgumentException(
            table.where()
                + ": expected one column \""
                + column
                + "\", found several: "
                + quoted(header));
      }
    }
  }

  /**
   * Reads a table to its end.
   *
   * @param name of the file, for errors
   * @param bytes of the file, which the table reads
   */
  static Examples readAll(
      Table table, String name, RowRules rules, Task task, Split split, HashedStream bytes) {
    RowParser parser = of(table, name, rules, "the " + split + " rows");
    List<Example> rows = new ArrayList<>();
    int skippedRows = 0;
    for (List<@Nullable String> fields = table.next(); fields != null; fields = table.next()) {
      Example row = parser.parse(fields, task);
      if (row == null) {
        skippedRows++;
      } else {
        rows.add(row);
      }
    }
    if (rows.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + ": expected at least one row of "
              + task.displayName()
              + ", found none ("
              + skippedRows
              + " skipped)");
    }
    return new Examples(task, split, rows, skippedRows, bytes.sha256());
  }

  private @Nullable Example parse(List<@Nullable String> fields, Task task) {
    if (fields.size() != header.size() && rules.skipRagged()) {
      return null;
    }
    checkWidth(fields);
    if (label != ABSENT && field(fields, label).equals(rules.skippedLabel())) {
      return null;
    }
    return new Example(
        id == ABSENT ? null : field(fields, id),
        field(fields, textA),
        textB == ABSENT ? null : field(fields, textB),
        label == ABSENT ? Float.NaN : label(field(fields, label), task));
  }

  /** The label of the next row as it is written; null after the last row. */
  @Nullable String nextLabel() {
    List<@Nullable String> fields = table.next();
    if (fields == null) {
      return null;
    }
    checkWidth(fields);
    String found = field(fields, label);
    if (found.isBlank()) {
      throw new IllegalArgumentException(
          table.where()
              + ": expected a label in column \""
              + header.get(label)
              + "\", found an empty one; give it one, or leave the row out");
    }
    return found;
  }

  /** The texts of the next row, one or two; null after the last row. */
  @Nullable List<String> nextTexts() {
    List<@Nullable String> fields = table.next();
    if (fields == null) {
      return null;
    }
    checkWidth(fields);
    String text = field(fields, textA);
    return textB == ABSENT ? List.of(text) : List.of(text, field(fields, textB));
  }

  /** The names of all columns, in their order. */
  List<String> header() {
    return header;
  }

  private void checkWidth(List<@Nullable String> fields) {
    if (fields.size() != header.size()) {
      throw new IllegalArgumentException(
          table.where()
              + ": expected "
              + header.size()
              + " "
              + table.dialect()
              + " columns"
              + (rules.layout().headerless().isEmpty() ? "" : " (" + quoted(header) + ")")
              + ", found "
              + fields.size());
    }
  }

  private String field(List<@Nullable String> fields, int column) {
    String field = fields.get(column);
    if (field == null) {
      throw new IllegalArgumentException(
          table.where()
              + ": expected a text or number in column \""
              + header.get(column)
              + "\", found none");
    }
    return field;
  }

  private float label(String field, Task task) {
    if (task.isRegression()) {
      return score(field);
    }
    int index = task.labels().indexOf(field);
    if (index < 0 && field.isBlank()) {
      throw new IllegalArgumentException(
          table.where()
              + ": expected a label, one of "
              + quoted(task.labels())
              + ", found none; give it one, or leave the row out");
    }
    if (index < 0) {
      throw new IllegalArgumentException(
          table.where()
              + ": unknown label \""
              + field
              + "\"; expected one of "
              + quoted(task.labels())
              + (task instanceof OwnTask ? "; mend the row, or give all classes by --labels" : ""));
    }
    return index;
  }

  private float score(String field) {
    float score;
    try {
      // Unlike Float.parseFloat, takes no "NaN", no hexadecimal and no "1f".
      score = new BigDecimal(field).floatValue();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          table.where() + ": expected a score, found \"" + field + "\", which is not a number", e);
    }
    if (score < rules.minScore() || score > rules.maxScore()) {
      throw new IllegalArgumentException(
          table.where()
              + ": expected a score from "
              + plain(rules.minScore())
              + " to "
              + plain(rules.maxScore())
              + ", found "
              + field);
    }
    return score;
  }

  private static BigDecimal plain(float value) {
    return BigDecimal.valueOf(value).stripTrailingZeros();
  }

  private static String quoted(List<String> names) {
    return "\"" + String.join("\", \"", names) + "\"";
  }
}
