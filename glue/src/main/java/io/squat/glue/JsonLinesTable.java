package io.squat.glue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lines of one JSON object each; the columns are the keys of the first one. Numbers are the text
 * that they are written with.
 */
final class JsonLinesTable implements Table {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Utf8Lines lines;
  private List<String> columns = List.of();
  private @Nullable Map<String, @Nullable String> first;

  JsonLinesTable(InputStream in, String name) {
    this.lines = new Utf8Lines(in, name);
  }

  @Override
  public String dialect() {
    return "JSON";
  }

  @Override
  public @Nullable List<String> header() {
    first = object();
    if (first == null) {
      return null;
    }
    columns = List.copyOf(first.keySet());
    return columns;
  }

  @Override
  public @Nullable List<@Nullable String> next() {
    Map<String, @Nullable String> object = first == null ? object() : first;
    first = null;
    if (object == null) {
      return null;
    }
    List<@Nullable String> fields = new ArrayList<>();
    for (String column : columns) {
      fields.add(object.get(column));
    }
    return fields;
  }

  private @Nullable Map<String, @Nullable String> object() {
    String line = lines.next();
    while (line != null && line.isBlank()) {
      line = lines.next();
    }
    if (line == null) {
      return null;
    }
    try (JsonParser json = JSON.createParser(line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw unexpected("another value", null);
      }
      Map<String, @Nullable String> object = fields(json);
      if (json.nextToken() != null) {
        throw unexpected("more after it", null);
      }
      return object;
    } catch (JsonProcessingException e) {
      throw unexpected(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a string can be read
    }
  }

  /** The object's fields in their order; null for what is no text, number or truth. */
  private static Map<String, @Nullable String> fields(JsonParser json) throws IOException {
    Map<String, @Nullable String> fields = new LinkedHashMap<>();
    for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
      JsonToken value = json.nextToken();
      boolean plain = value.isScalarValue() && value != JsonToken.VALUE_NULL;
      fields.put(name, plain ? json.getText() : null);
      json.skipChildren();
    }
    return fields;
  }

  private IllegalArgumentException unexpected(String found, @Nullable Exception cause) {
    return new IllegalArgumentException(
        where() + ": expected one JSON object a line, found " + found, cause);
  }

  @Override
  public String where() {
    return lines.where();
  }

  @Override
  public void close() {
    lines.close();
  }
}
