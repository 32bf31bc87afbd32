package io.squat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Chooses the version folder, NAME/VERSION, that TensorFlow Serving expects a model in. */
final class VersionFolder {
  private static final Pattern VERSION = Pattern.compile("[0-9]{1,18}");

  private VersionFolder() {}

  /**
   * The folder to write: the path itself if its name is a number, else the next free version in it.
   *
   * @param path what the user gave
   * @throws IllegalArgumentException if it lies within a SavedModel
   */
  static Path of(Path path) {
    for (Path above = path.toAbsolutePath(); above != null; above = above.getParent()) {
      // A version that is there is not free; that is said with what to do.
      boolean version = above.equals(path.toAbsolutePath()) && isVersion(path);
      if (Files.isRegularFile(above.resolve("saved_model.pb")) && !version) {
        throw new IllegalArgumentException(
            path
                + ": expected a place outside of other models, found it within that of "
                + above
                + "; choose another --out");
      }
    }
    if (isVersion(path)) {
      return path;
    }
    if (!Files.isDirectory(path)) {
      return path.resolve("1");
    }
    Path latest = latest(path);
    long last = latest == null ? 0 : Long.parseLong(latest.getFileName().toString());
    return path.resolve(Long.toString(last + 1));
  }

  /** The latest version in a folder, null if there is none. */
  static @Nullable Path latest(Path folder) {
    if (!Files.isDirectory(folder)) {
      return null;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(VersionFolder::isVersion)
          .max(Comparator.comparingLong(file -> Long.parseLong(file.getFileName().toString())))
          .orElse(null);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static boolean isVersion(Path path) {
    Path name = path.getFileName(); // none of a root
    return name != null && VERSION.matcher(name.toString()).matches();
  }
}
