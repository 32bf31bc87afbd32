package io.squat.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Writes a record as a JSON file that is there as a whole or not at all. */
final class JsonFile {
  private JsonFile() {}

  /**
   * Checks that a file can be written, and makes the folder it stands in.
   *
   * @throws IllegalArgumentException if it cannot
   */
  static void check(Path file) {
    OutputFile.check("--json", file);
  }

  /**
   * Writes beside the file and renames.
   *
   * @throws UncheckedIOException if that fails; the file is then as it was
   */
  static void write(Path file, Object value) {
    ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    try {
      OutputFile.write(file, mapper.writeValueAsBytes(value));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
