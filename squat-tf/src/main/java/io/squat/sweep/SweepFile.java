package io.squat.sweep;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.Streams;
import io.squat.train.Method;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A file that asks for a sweep.
 *
 * <pre>
 * {
 *   "model": "my-model",
 *   "data": "glue",                        or {"QNLI": "other-folder"}
 *   "tasks": ["MRPC", "QNLI"],
 *   "seeds": [11, 12],                     or 5, which is 1 to 5
 *   "common": {"batch": 16, "float-epochs": 3},
 *   "runs": [
 *     {"method": "lsq", "bits": "2-8-8", "epochs": [3, 6], "step-lr": [1e-4, 1e-3]},
 *     {"method": "squat", "bits": "2-8-8", "rho": [0.01, 0.02], "alternation": "batches:1"},
 *     {"method": "squat", "bits": "4-8-8", "seeds": [11]}
 *   ]
 * }
 * </pre>
 *
 * <p>The names in {@code common} and {@code runs} are those of the options of {@code train}. An
 * entry of {@code runs} means all combinations of its values, with all seeds or those of its own
 * {@code seeds}. {@code model} and {@code data} may be left out where the command line gives them.
 *
 * @param model what {@code train --model} takes, or null
 * @param data what {@code train --data} takes: of all tasks under the empty name, or by task
 * @param tasks names of tasks
 * @param seeds the seeds
 * @param common options that all runs have; a flag has no values
 * @param runs the runs
 */
public record SweepFile(
    @Nullable String model,
    Map<String, String> data,
    List<String> tasks,
    List<Long> seeds,
    Map<String, List<String>> common,
    List<RunGrid> runs) {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(JsonParser.Feature.ALLOW_COMMENTS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
  private static final String METHOD = "method";
  private static final String COMMON = "common";
  private static final String SEEDS = "seeds";
  private static final List<String> KEYS = List.of("model", "data", "tasks", SEEDS, COMMON, "runs");

  /**
   * Reads a file.
   *
   * @param commonNames the options that all runs may have in common, without dashes
   * @throws IllegalArgumentException if it is no such file; the message says where
   */
  public static SweepFile read(Path file, List<String> commonNames) {
    JsonNode root;
    try {
      root = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file
              + ": expected JSON, found "
              + e.getOriginalMessage()
              + " (line "
              + e.getLocation().getLineNr()
              + ")",
          e);
    } catch (FileNotFoundException | NoSuchFileException e) {
      throw new IllegalArgumentException(
          file + ": expected a sweep as a JSON file, found no such file", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return new Reading(file).sweep(root, commonNames);
  }

  /** The reading of one file. */
  private record Reading(Path file) {
    SweepFile sweep(JsonNode root, List<String> commonNames) {
      checkKeys("the sweep", root, KEYS);
      Map<String, List<String>> common = new LinkedHashMap<>();
      if (root.has(COMMON)) {
        checkKeys(COMMON, root.get(COMMON), commonNames);
        common.putAll(values(COMMON, root.get(COMMON)));
      }
      List<Long> seeds = seeds(SEEDS, root.path(SEEDS));
      List<RunGrid> runs = new ArrayList<>();
      for (JsonNode run : list("runs", root)) {
        runs.add(grid("runs[" + runs.size() + "]", run, seeds));
      }
      return new SweepFile(
          root.has("model") ? text("model", root.get("model")) : null,
          data(root.path("data")),
          list("tasks", root).stream().map(task -> text("tasks", task)).toList(),
          seeds,
          common,
          runs);
    }

    private RunGrid grid(String where, JsonNode run, List<Long> all) {
      if (!run.path(METHOD).isTextual()) {
        throw wrong(where, "an object with a " + METHOD, run.toString());
      }
      Method method;
      try {
        method = Method.of(run.get(METHOD).asText());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(file + ": " + where + ": " + e.getMessage(), e);
      }
      List<String> known = new ArrayList<>(List.of(METHOD, SEEDS));
      known.addAll(RunGrid.names(method));
      checkKeys(where + " (" + method.label() + ")", run, known);
      Map<String, List<String>> values = values(where, run);
      values.remove(METHOD);
      values.remove(SEEDS);
      return new RunGrid(
          method, values, run.has(SEEDS) ? some(where + "." + SEEDS, run.get(SEEDS), all) : null);
    }

    private List<Long> some(String where, JsonNode node, List<Long> all) {
      List<Long> seeds = seeds(where, node);
      for (long seed : seeds) {
        if (!all.contains(seed)) {
          throw wrong(where, "some of the sweep's seeds " + all, Long.toString(seed));
        }
      }
      return seeds;
    }

    private void checkKeys(String where, JsonNode node, List<String> known) {
      if (!node.isObject()) {
        throw wrong(where, "an object", node.isMissingNode() ? "an empty file" : node.toString());
      }
      node.fieldNames()
          .forEachRemaining(
              key -> {
                if (!known.contains(key)) {
                  throw new IllegalArgumentException(
                      file
                          + ": "
                          + where
                          + ": unknown key \""
                          + key
                          + "\"; expected one of "
                          + String.join(", ", known)
                          + (where.equals(COMMON) && RunGrid.NAMES.contains(key)
                              ? "; \"" + key + "\" belongs into each of runs"
                              : ""));
                }
              });
    }

    private Map<String, List<String>> values(String where, JsonNode node) {
      Map<String, List<String>> values = new LinkedHashMap<>();
      node.properties()
          .forEach(
              field -> {
                String place = where + "." + field.getKey();
                JsonNode value = field.getValue();
                if (value.isBoolean()) {
                  if (value.asBoolean()) {
                    values.put(field.getKey(), List.of());
                  }
                } else if (value.isArray()) {
                  if (value.isEmpty()) {
                    throw wrong(place, "at least one value", "none");
                  }
                  values.put(
                      field.getKey(),
                      Streams.stream(value).map(some -> scalar(place, some)).toList());
                } else {
                  values.put(field.getKey(), List.of(scalar(place, value)));
                }
              });
      return values;
    }

    private Map<String, String> data(JsonNode node) {
      Map<String, String> data = new LinkedHashMap<>();
      if (node.isObject()) {
        node.properties()
            .forEach(
                field ->
                    data.put(field.getKey(), text("data." + field.getKey(), field.getValue())));
      } else if (!node.isMissingNode()) {
        data.put("", text("data", node));
      }
      return data;
    }

    private List<Long> seeds(String where, JsonNode node) {
      if (node.canConvertToInt() && node.isIntegralNumber() && node.asInt() > 0) {
        return LongStream.rangeClosed(1, node.asInt()).boxed().toList();
      }
      if (!node.isArray() || node.isEmpty()) {
        throw wrong(where, "a list of seeds, or how many", found(node));
      }
      return Streams.stream(node)
          .map(
              seed -> {
                if (!seed.isIntegralNumber() || !seed.canConvertToLong()) {
                  throw wrong(where, "whole numbers of 64 bits", seed.toString());
                }
                return seed.asLong();
              })
          .toList();
    }

    private List<JsonNode> list(String key, JsonNode root) {
      JsonNode node = root.path(key);
      if (!node.isArray() || node.isEmpty()) {
        throw wrong(key, "a list with at least one entry", found(node));
      }
      return Streams.stream(node).toList();
    }

    private String text(String where, JsonNode node) {
      if (!node.isTextual()) {
        throw wrong(where, "a text", node.toString());
      }
      return node.asText();
    }

    private String scalar(String where, JsonNode node) {
      if (!node.isTextual() && !node.isNumber()) {
        throw wrong(where, "a text, a number or a list of them", node.toString());
      }
      return node.asText();
    }

    private static String found(JsonNode node) {
      return node.isMissingNode() ? "none" : node.toString();
    }

    private IllegalArgumentException wrong(String where, String expected, String found) {
      return new IllegalArgumentException(
          file + ": " + where + ": expected " + expected + ", found " + found);
    }
  }
}
