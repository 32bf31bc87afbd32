package io.squat.files;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Records as files of JSON, as runs and sweeps keep them; {@link WholeFiles} writes them. */
public final class RecordFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          // A step size was one number before there was one a channel.
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY);

  private RecordFiles() {}

  /**
   * Reads a record.
   *
   * @throws IllegalArgumentException if it is not such a file
   */
  public static <T> T read(Path file, Class<T> type) {
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

  /**
   * Whether a file is JSON of an object with a field, as far as it can be read: someone else's file
   * of the same name is no error.
   *
   * @param file the file, which need not be there
   * @param field the field of the outermost object
   */
  public static boolean hasField(Path file, String field) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (JsonParser parser = JSON.getFactory().createParser(Files.readAllBytes(file))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        if (parser.currentName().equals(field)) {
          return true;
        }
        parser.nextToken();
        parser.skipChildren();
      }
      return false;
    } catch (JsonProcessingException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a record where a file holds one; someone else's file of the same name is no error.
   *
   * @param file the file, which need not be there
   */
  public static <T> Optional<T> find(Path file, Class<T> type) {
    try {
      return Files.isRegularFile(file)
          ? Optional.of(JSON.readValue(Files.readAllBytes(file), type))
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes a record. */
  public static void write(Path file, Object value) {
    try {
      WholeFiles.writeText(file, JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + ": cannot be written as JSON", e);
    }
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
