package io.squat.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** How much room a model takes on disk. */
public final class ModelSize {
  private ModelSize() {}

  /**
   * The bytes of all files in a folder and the folders in it: graph, variables, vocabulary, all.
   *
   * @param folder the SavedModel folder
   * @throws IllegalArgumentException if there is no such folder
   * @throws UncheckedIOException if it cannot be read
   */
  public static long bytes(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          folder
              + ": expected a model's folder, found "
              + (Files.exists(folder) ? "a file" : "no such folder"));
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      List<Path> files = paths.filter(Files::isRegularFile).toList();
      long bytes = 0;
      for (Path file : files) {
        bytes += Files.size(file);
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
