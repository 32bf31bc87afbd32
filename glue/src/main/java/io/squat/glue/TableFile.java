package io.squat.glue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A table of the user's own: {@code .tsv} as GLUE writes it (tabs, no quoting), {@code .csv} as in
 * RFC 4180, or {@code .jsonl} or {@code .ndjson} with an object a line; UTF-8, plain or {@code
 * .gz}. The first line of TSV and CSV names the columns.
 */
public final class TableFile {
  /** A column of more classes than this, which half of its rows do not share, is none of labels. */
  private static final int MANY_CLASSES = 20;

  private final Path file;
  private final TableFormat format;

  /**
   * Names a file.
   *
   * @throws IllegalArgumentException if its suffix is that of no table
   */
  public TableFile(Path file) {
    this.file = file;
    this.format = TableFormat.of(file);
  }

  /** Whether a file's suffix is that of a table which is no lines of text, as TSV could be. */
  public static boolean isCsvOrJson(Path file) {
    return TableFormat.find(file).filter(format -> format != TableFormat.TSV).isPresent();
  }

  /** The file's name without its suffixes, for example {@code reviews}. */
  public String stem() {
    String plain = TableFormat.plainName(file);
    return plain.substring(0, plain.lastIndexOf('.'));
  }

  /**
   * The task whose classes are the labels of this file, sorted.
   *
   * @param name what the task is called
   * @param columns where the labels are
   * @throws IllegalArgumentException if the file is missing or has no such columns, a row has no
   *     label, or the labels are none of classes
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  public OwnTask classification(String name, TableColumns columns) {
    TreeSet<String> found = new TreeSet<>();
    int rows = 0;
    try (Table table = format.open(HashedStream.open(file).stream(), file.toString())) {
      RowParser parser =
          RowParser.of(table, file.toString(), RowRules.of(columns.layout()), "the train rows");
      for (@Nullable String label = parser.nextLabel(); label != null; label = parser.nextLabel()) {
        found.add(label);
        rows++;
      }
    }
    if (rows == 0) {
      throw new IllegalArgumentException(file + ": expected at least one row, found none");
    }
    if (found.size() < 2) {
      throw new IllegalArgumentException(
          file
              + ": column \""
              + columns.label()
              + "\": expected labels of two classes or more, found \""
              + found.first()
              + "\" in all "
              + rows
              + " rows; is that the right column?");
    }
    if (found.size() > MANY_CLASSES && found.size() > rows / 2) {
      throw new IllegalArgumentException(
          file
              + ": column \""
              + columns.label()
              + "\": expected labels of classes, of many no more than half as many as rows, found "
              + found.size()
              + " different in "
              + rows
              + " rows, such as \""
              + found.first()
              + "\"; for numbers give --regression, else name the classes by --labels a,b,...");
    }
    return new OwnTask(name, columns, found.stream().toList());
  }

  /**
   * Reads texts alone, whatever else the rows have.
   *
   * @param names one column, or two for pairs; null takes the first
   * @return the texts of each of these columns, in the rows' order
   * @throws IllegalArgumentException if the file is missing, has no such columns, one of them
   *     twice, or no row, or a row has another number of columns or no such text
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  public List<List<String>> texts(@Nullable List<String> names) {
    try (Table table = format.open(HashedStream.open(file).stream(), file.toString())) {
      RowParser parser = RowParser.ofTexts(table, file.toString(), names);
      List<List<String>> texts = new ArrayList<>();
      for (@Nullable List<String> row = parser.nextTexts(); row != null; row = parser.nextTexts()) {
        if (texts.isEmpty()) {
          row.forEach(text -> texts.add(new ArrayList<>()));
        }
        for (int i = 0; i < row.size(); i++) {
          texts.get(i).add(row.get(i));
        }
      }
      if (texts.isEmpty()) {
        throw new IllegalArgumentException(
            file + ": expected at least one row, found the columns " + parser.header() + " alone");
      }
      return texts;
    }
  }

  /**
   * Reads the rows.
   *
   * @param task the task, whose columns and labels are the file's
   * @param split what the rows are for
   * @throws IllegalArgumentException if the file is missing, or its content does not fit the task
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  public Examples read(OwnTask task, Split split) {
    HashedStream in = HashedStream.open(file);
    try (Table table = format.open(in.stream(), file.toString())) {
      return RowParser.readAll(table, file.toString(), task.rules(), task, split, in);
    }
  }
}
