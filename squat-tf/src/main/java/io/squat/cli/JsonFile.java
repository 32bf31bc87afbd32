package io.squat.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** Writes a record as a JSON file that is there as a whole or not at all. */
final class JsonFile {
  private JsonFile() {}

  /**
   * Checks that a file can be written, and makes the folder it stands in.
   *
   * @throws IllegalArgumentException if it cannot
   */
  static void check(Path file) {
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException("--json " + file + ": expected a file, found a folder");
    }
    Path folder = folder(file);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--json " + file + ": the folder " + folder + " cannot be made", e);
    }
    if (!Files.isWritable(folder)) {
      throw new IllegalArgumentException(
          "--json " + file + ": the folder " + folder + " cannot be written to");
    }
  }

  /**
   * Writes beside the file and renames.
   *
   * @throws UncheckedIOException if that fails; the file is then as it was
   */
  static void write(Path file, Object value) {
    ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    try {
      byte[] json = mapper.writeValueAsBytes(value);
      Path beside =
          folder(file).resolve("." + file.getFileName() + ".part-" + ProcessHandle.current().pid());
      try {
        Files.write(beside, json);
        Files.move(
            beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().normalize().getParent();
    return Objects.requireNonNull(parent, "only the root folder has no parent");
  }
}
