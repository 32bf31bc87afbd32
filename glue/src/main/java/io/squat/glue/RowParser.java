package io.squat.glue;

import com.google.common.base.Splitter;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns a file's lines into examples, once it has seen the file's header. */
final class RowParser {
  private static final Splitter TAB = Splitter.on('\t');

  /** What MNLI writes where the annotators did not agree on a label. */
  private static final String NO_GOLD_LABEL = "-";

  private static final int ABSENT = -1;

  private final GlueTask task;
  private final int columns;
  private final int id;
  private final int textA;
  private final int textB;
  private final int label;

  private RowParser(GlueTask task, Layout layout, List<String> header) {
    this.task = task;
    this.columns = header.size();
    this.id = indexOf(header, layout.id());
    this.textA = indexOf(header, layout.textA());
    this.textB = indexOf(header, layout.textB());
    this.label = indexOf(header, layout.label());
  }

  private static int indexOf(List<String> header, @Nullable String column) {
    return column == null ? ABSENT : header.indexOf(column);
  }

  /** Reads the header line, if the layout has one, and checks that all columns are there. */
  static RowParser forFile(Utf8Lines lines, String name, GlueTask task, Split split) {
    Layout layout = task.layout(split);
    if (!layout.headerless().isEmpty()) {
      return new RowParser(task, layout, layout.headerless());
    }
    String line = lines.next();
    if (line == null) {
      throw new IllegalArgumentException(
          name
              + ": expected a header line with "
              + quoted(layout.required())
              + ", found an empty file");
    }
    List<String> header = TAB.splitToList(line);
    List<String> missing =
        layout.required().stream().filter(column -> !header.contains(column)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          lines.where()
              + ": missing column "
              + quoted(missing)
              + "; expected the tab-separated header of "
              + task.officialName()
              + " "
              + split
              + ", found "
              + quoted(header));
    }
    return new RowParser(task, layout, header);
  }

  /**
   * Parses a row.
   *
   * @param where the row's place, for errors
   * @return the example; null for a row to skip
   */
  @Nullable Example parse(String line, String where) {
    List<String> fields = TAB.splitToList(line);
    if (fields.size() != columns) {
      if (task == GlueTask.QQP) {
        return null;
      }
      throw new IllegalArgumentException(
          where + ": expected " + columns + " tab-separated columns, found " + fields.size());
    }
    if (label != ABSENT && task == GlueTask.MNLI && fields.get(label).equals(NO_GOLD_LABEL)) {
      return null;
    }
    return new Example(
        id == ABSENT ? null : fields.get(id),
        fields.get(textA),
        textB == ABSENT ? null : fields.get(textB),
        label == ABSENT ? Float.NaN : label(fields.get(label), where));
  }

  private float label(String field, String where) {
    if (task.isRegression()) {
      return score(field, where);
    }
    int index = task.labels().indexOf(field);
    if (index < 0) {
      throw new IllegalArgumentException(
          where + ": unknown label \"" + field + "\"; expected one of " + quoted(task.labels()));
    }
    return index;
  }

  private static float score(String field, String where) {
    float score;
    try {
      // Unlike Float.parseFloat, takes no "NaN", no hexadecimal and no "1f".
      score = new BigDecimal(field).floatValue();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          where + ": expected a score, found \"" + field + "\", which is not a number", e);
    }
    if (score < GlueTask.MIN_SCORE || score > GlueTask.MAX_SCORE) {
      throw new IllegalArgumentException(where + ": expected a score from 0 to 5, found " + field);
    }
    return score;
  }

  private static String quoted(List<String> names) {
    return "\"" + String.join("\", \"", names) + "\"";
  }
}
