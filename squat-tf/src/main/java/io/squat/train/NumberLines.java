package io.squat.train;

import io.squat.files.WholeFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files of a number a line, such as labels and predictions. */
final class NumberLines {
  private NumberLines() {}

  /**
   * Reads.
   *
   * @throws IllegalArgumentException if a line is none
   */
  static float[] read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      float[] numbers = new float[lines.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = Float.parseFloat(lines.get(i));
      }
      return numbers;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          file + ": expected a number a line, found " + e.getMessage(), e);
    }
  }

  /** Writes. */
  static void write(Path file, float[] numbers) {
    StringBuilder lines = new StringBuilder();
    for (float number : numbers) {
      lines.append(number).append('\n');
    }
    WholeFiles.writeText(file, lines.toString());
  }
}
