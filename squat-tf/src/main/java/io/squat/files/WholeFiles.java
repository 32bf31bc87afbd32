package io.squat.files;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

/**
 * Files and folders that are written beside their place and renamed: each is there as a whole or
 * not at all.
 */
public final class WholeFiles {
  private static final String PART = ".part-";

  private WholeFiles() {}

  /** What a file will hold. */
  public interface Content {
    /**
     * Writes it.
     *
     * @throws IOException if that fails; the file is then as it was
     */
    void writeTo(OutputStream out) throws IOException;
  }

  /** Writes a file of UTF-8 beside its place and renames it. */
  public static void writeText(Path file, String text) {
    writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file beside its place and renames it. */
  public static void writeBytes(Path file, byte[] bytes) {
    write(file, out -> out.write(bytes));
  }

  /**
   * Writes a file beside its place and renames it.
   *
   * @throws UncheckedIOException if that fails; the file is then as it was
   */
  public static void write(Path file, Content content) {
    Path part = part(file);
    try {
      try {
        try (OutputStream out = Files.newOutputStream(part)) {
          content.writeTo(out);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes a folder beside its place and renames it; the one before goes as a whole, too. */
  public static void writeFolder(Path folder, Consumer<Path> writer) {
    Path part = part(folder);
    Path before = folder.resolveSibling(".old-" + folder.getFileName());
    try {
      delete(part);
      if (Files.exists(before) && !Files.exists(folder)) { // killed between the two renamings
        Files.move(before, folder, StandardCopyOption.ATOMIC_MOVE);
      }
      delete(before);
      Files.createDirectories(part);
      try {
        writer.accept(part);
        if (Files.exists(folder)) {
          Files.move(folder, before, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        delete(part);
        if (Files.exists(before) && !Files.exists(folder)) {
          Files.move(before, folder, StandardCopyOption.ATOMIC_MOVE);
        }
      }
      delete(before);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Removes a folder and all in it, or nothing if it is not there. */
  public static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be removed: " + e.getMessage(), e);
    }
  }

  /** Where a file or folder is written before it is renamed. */
  public static Path part(Path place) {
    return place.resolveSibling(PART + place.getFileName());
  }
}
