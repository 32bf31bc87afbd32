package io.squat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Chooses the version folder, NAME/VERSION, that TensorFlow Serving expects a model in. */
final class VersionFolder {
  private static final Pattern VERSION = Pattern.compile("[0-9]{1,18}");

  private VersionFolder() {}

  /**
   * The folder to write: the path itself if its name is a number, else the next free version in it.
   *
   * @param path what the user gave
   */
  static Path of(Path path) {
    if (isVersion(path)) {
      return path;
    }
    if (!Files.isDirectory(path)) {
      return path.resolve("1");
    }
    try (Stream<Path> files = Files.list(path)) {
      long last =
          files
              .filter(VersionFolder::isVersion)
              .mapToLong(file -> Long.parseLong(file.getFileName().toString()))
              .max()
              .orElse(0);
      return path.resolve(Long.toString(last + 1));
    } catch (IOException e) {
      throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static boolean isVersion(Path path) {
    return VERSION.matcher(path.getFileName().toString()).matches();
  }
}
