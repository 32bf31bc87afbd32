package io.squat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** Writes a file that is there as a whole or not at all. */
final class OutputFile {
  private OutputFile() {}

  /**
   * Checks that a file can be written, and makes the folder it stands in.
   *
   * @param option which names the file
   * @throws IllegalArgumentException if it cannot
   */
  static void check(String option, Path file) {
    String what = option + " " + file;
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(what + ": expected a file, found a folder");
    }
    Path folder = folder(file);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + ": the folder " + folder + " cannot be made", e);
    }
    if (!Files.isWritable(folder)) {
      throw new IllegalArgumentException(what + ": the folder " + folder + " cannot be written to");
    }
  }

  /**
   * Writes beside the file and renames.
   *
   * @throws UncheckedIOException if that fails; the file is then as it was
   */
  static void write(Path file, byte[] content) {
    try {
      Path beside =
          folder(file).resolve("." + file.getFileName() + ".part-" + ProcessHandle.current().pid());
      try {
        Files.write(beside, content);
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
