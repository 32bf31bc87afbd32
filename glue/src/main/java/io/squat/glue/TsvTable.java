package io.squat.glue;

import com.google.common.base.Splitter;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lines of fields that tabs separate, without quoting: a double quote is an ordinary character. */
final class TsvTable implements Table {
  private static final Splitter TAB = Splitter.on('\t');

  private final Utf8Lines lines;
  private final List<String> headerless;

  /**
   * Wraps a stream.
   *
   * @param headerless the names of the columns of a file without a header line; else empty
   */
  TsvTable(InputStream in, String name, List<String> headerless) {
    this.lines = new Utf8Lines(in, name);
    this.headerless = headerless;
  }

  @Override
  public String dialect() {
    return "tab-separated";
  }

  @Override
  public @Nullable List<String> header() {
    if (!headerless.isEmpty()) {
      return headerless;
    }
    String line = lines.next();
    return line == null ? null : TAB.splitToList(line);
  }

  @Override
  public @Nullable List<@Nullable String> next() {
    String line = lines.next();
    while (line != null && line.isEmpty()) {
      line = lines.next();
    }
    return line == null ? null : List.copyOf(TAB.splitToList(line));
  }

  @Override
  public String where() {
    return lines.where();
  }

  @Override
  public void close() {
    lines.close();
  }
}
