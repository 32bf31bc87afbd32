package io.squat.glue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lines of one JSON object each; the columns are the keys of the first one. */
final class JsonLinesTable implements Table {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // Numbers with the digits that they are written with.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final Utf8Lines lines;
  private List<String> columns = List.of();
  private @Nullable JsonNode first;

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
    List<String> names = new ArrayList<>();
    first.fieldNames().forEachRemaining(names::add);
    columns = List.copyOf(names);
    return columns;
  }

  @Override
  public @Nullable List<@Nullable String> next() {
    JsonNode object = first == null ? object() : first;
    first = null;
    if (object == null) {
      return null;
    }
    List<@Nullable String> fields = new ArrayList<>();
    for (String column : columns) {
      JsonNode field = object.path(column);
      fields.add(field.isValueNode() && !field.isNull() ? field.asText() : null);
    }
    return fields;
  }

  private @Nullable JsonNode object() {
    String line = lines.next();
    while (line != null && line.isBlank()) {
      line = lines.next();
    }
    if (line == null) {
      return null;
    }
    try {
      JsonNode object = JSON.readTree(line);
      if (object.isObject()) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          where() + ": expected one JSON object a line, found " + e.getOriginalMessage(), e);
    }
    throw new IllegalArgumentException(
        where() + ": expected one JSON object a line, found another value");
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
