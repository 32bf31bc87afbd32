package io.squat.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Writes a record as a JSON file, as {@link OutputFile} does. */
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
   * Writes the object.
   *
   * @throws UncheckedIOException as {@link OutputFile#write}
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
