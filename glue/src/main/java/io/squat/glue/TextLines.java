package io.squat.glue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Texts that are lines of a file. */
public final class TextLines {
  private TextLines() {}

  /**
   * The lines of a file, without their ends: a line feed, or a carriage return and a line feed, and
   * nothing else.
   *
   * @param file UTF-8, with or without a byte order mark, plain or {@code .gz}
   * @throws IllegalArgumentException if there is no such file, or a line is not UTF-8
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static List<String> read(Path file) {
    List<String> all = new ArrayList<>();
    try (Utf8Lines lines = new Utf8Lines(HashedStream.open(file).stream(), file.toString())) {
      for (String line = lines.next(); line != null; line = lines.next()) {
        all.add(line);
      }
    }
    return all;
  }
}
