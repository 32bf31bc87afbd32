package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Files and folders that are written beside their place and renamed: each is there as a whole or
 * not at all.
 */
public final class WholeFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          // A step size was one number before there was one a channel.
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY);
  private static final String PART = ".part-";

  private WholeFiles() {}

  /**
   * Reads a file of JSON.
   *
   * @throws IllegalArgumentException if it is not such a file
   */
  public static <T> T readJson(Path file, Class<T> type) {
    try {
      return JSON.readValue(Files.readAllBytes(file), type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file
              + ": expected JSON as a run writes it, found "
              + e.getOriginalMessage()
              + "; the file was changed or cut off",
          e);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(
          file + ": expected as a part of the run, found no such file", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes a file of JSON beside its place and renames it. */
  public static void writeJson(Path file, Object value) {
    try {
      writeText(file, JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + ": cannot be written as JSON", e);
    }
  }

  /** Writes a file of UTF-8 beside its place and renames it. */
  public static void writeText(Path file, String text) {
    writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file beside its place and renames it. */
  public static void writeBytes(Path file, byte[] bytes) {
    Path part = part(file);
    try {
      try {
        Files.write(part, bytes);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a number a line.
   *
   * @throws IllegalArgumentException if a line is none
   */
  static float[] readNumbers(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      float[] numbers = new float[lines.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = Float.parseFloat(lines.get(i));
      }
      return numbers;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          file + ": expected a number a line, found " + e.getMessage(), e);
    }
  }

  /** Writes a number a line. */
  static void writeNumbers(Path file, float[] numbers) {
    StringBuilder lines = new StringBuilder();
    for (float number : numbers) {
      lines.append(number).append('\n');
    }
    writeText(file, lines.toString());
  }

  /** Writes a folder beside its place and renames it; the one before goes as a whole, too. */
  static void writeFolder(Path folder, Consumer<Path> writer) {
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
  static void delete(Path folder) {
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
  static Path part(Path place) {
    return place.resolveSibling(PART + place.getFileName());
  }

  /**
   * The fields in which two records of one kind differ, those of records in them too, as a text.
   */
  public static String difference(Object found, Object wanted) {
    List<String> differences = new ArrayList<>();
    addDifferences("", JSON.valueToTree(found), JSON.valueToTree(wanted), differences);
    return String.join(", ", differences);
  }

  private static void addDifferences(
      String name, JsonNode found, JsonNode wanted, List<String> differences) {
    if (found.isObject() && wanted.isObject()) {
      String prefix = name.isEmpty() ? "" : name + ".";
      Set<String> fields = new LinkedHashSet<>();
      wanted.fieldNames().forEachRemaining(fields::add);
      found.fieldNames().forEachRemaining(fields::add);
      for (String field : fields) {
        addDifferences(prefix + field, found.path(field), wanted.path(field), differences);
      }
    } else if (!wanted.equals(found)) {
      differences.add(name + " " + found + " there and " + wanted + " wanted");
    }
  }
}
