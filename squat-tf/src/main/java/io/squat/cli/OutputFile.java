package io.squat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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
    if (isStream(file)) {
      return;
    }
    Path folder = folder(file);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + ": the folder " + folder + " cannot be made", e);
    }
    try {
      Path beside = beside(place(file));
      Files.write(beside, new byte[0]);
      Files.delete(beside);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          what + ": the folder " + folder + " cannot be written to: " + e, e);
    }
  }

  /**
   * Writes beside the file and renames; into a device or a pipe, such as /dev/stdout, at its end.
   *
   * @throws UncheckedIOException if that fails; the file is then as it was
   */
  static void write(Path file, byte[] content) {
    try {
      if (isStream(file)) {
        Files.write(file, content, StandardOpenOption.APPEND);
        return;
      }
      Path place = place(file);
      Path beside = beside(place);
      try {
        Files.write(beside, content);
        Files.move(
            beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** What is there and is no ordinary file, or only another name of something that is open. */
  private static boolean isStream(Path file) {
    return Files.exists(file)
        && (!Files.isRegularFile(file) || file.toAbsolutePath().normalize().startsWith("/dev"));
  }

  /** The file itself, where a link leads to it. */
  private static Path place(Path file) throws IOException {
    return Files.exists(file) ? file.toRealPath() : file;
  }

  private static Path beside(Path place) {
    return folder(place)
        .resolve("." + place.getFileName() + ".part-" + ProcessHandle.current().pid());
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().normalize().getParent();
    return Objects.requireNonNull(parent, "only the root folder has no parent");
  }
}
