package io.squat.cli;

import io.squat.files.WholeFiles;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes a file that is there as a whole or not at all. What is no ordinary file, such as a pipe or
 * /dev/stdout, is written into.
 */
final class OutputFile {
  private static final Map<Path, FileDescriptor> OPEN =
      Map.of(
          Path.of("/dev/stdout"), FileDescriptor.out,
          Path.of("/dev/fd/1"), FileDescriptor.out,
          Path.of("/proc/self/fd/1"), FileDescriptor.out,
          Path.of("/dev/stderr"), FileDescriptor.err,
          Path.of("/dev/fd/2"), FileDescriptor.err,
          Path.of("/proc/self/fd/2"), FileDescriptor.err);

  private static final int MOST_LINKS = 40; // as Linux follows

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
    if (open(file) != null || isStream(file)) {
      return;
    }
    Path place = target(file);
    Path folder = folder(place);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + ": the folder " + folder + " cannot be made", e);
    }
    try {
      Files.delete(Files.createFile(WholeFiles.part(place)));
    } catch (FileAlreadyExistsException ignored) {
      // Left by a process that was killed: it will be written over.
    } catch (IOException e) {
      throw new IllegalArgumentException(
          what + ": the folder " + folder + " cannot be written to: " + e, e);
    }
  }

  /**
   * Writes beside the file and renames; into a pipe or a device.
   *
   * @throws UncheckedIOException if that fails; an ordinary file is then as it was
   */
  static void write(Path file, byte[] content) {
    try {
      FileDescriptor open = open(file);
      if (open != null) {
        new FileOutputStream(open).write(content); // it stays open: it is the process's own
        return;
      }
      if (isStream(file)) {
        Files.write(file, content, StandardOpenOption.APPEND);
        return;
      }
      WholeFiles.writeBytes(target(file), content);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** What the process has open already, where the shell has put its output. */
  private static @Nullable FileDescriptor open(Path file) {
    return OPEN.get(file.toAbsolutePath().normalize());
  }

  private static boolean isStream(Path file) {
    return Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file);
  }

  /** Where links lead, to a file that is there or to one that is not. */
  static Path target(Path file) {
    try {
      Path target = file;
      for (int links = 0; Files.isSymbolicLink(target) && links < MOST_LINKS; links++) {
        target = target.resolveSibling(Files.readSymbolicLink(target));
      }
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().normalize().getParent();
    return Objects.requireNonNull(parent, "only the root folder has no parent");
  }
}
