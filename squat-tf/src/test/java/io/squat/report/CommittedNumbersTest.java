package io.squat.report;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Tables of the README and of docs/performance.md are what the commands' committed output says. */
class CommittedNumbersTest {
  private static final Path DOCS = Path.of("..", "docs");
  private static final Path PERFORMANCE = DOCS.resolve("performance");
  private static final List<String> TIMED =
      List.of(
          "serve-32-tokens.json",
          "serve-32-rows-32-tokens.json",
          "serve-128-tokens.json",
          "serve-32-rows-128-tokens.json");

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  private static String page() throws IOException {
    return Files.readString(DOCS.resolve("performance.md"));
  }

  private static String readme() throws IOException {
    return Files.readString(DOCS.resolveSibling("README.md"));
  }

  private static List<String> rowsAfter(String text, String heading) {
    Iterator<String> lines =
        text.lines().dropWhile(line -> !line.equals(heading)).skip(1).iterator();
    List<String> rows = new ArrayList<>();
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.startsWith("|")) {
        rows.add(line);
      } else if (!rows.isEmpty()) {
        break;
      }
    }
    return rows;
  }

  @Test
  void latencies() throws IOException {
    List<String> rows = new ArrayList<>();
    for (String file : TIMED) {
      for (JsonNode timing : json(PERFORMANCE.resolve(file)).get("timings")) {
        JsonNode latency = timing.get("latency");
        rows.add(
            String.format(
                Locale.ROOT,
                "| %s | %d | %d | %.1f | %.1f | %.1f | %.2f (%.2f) |",
                timing.get("model").textValue(),
                timing.get("rows").intValue(),
                timing.get("length").intValue(),
                latency.get("medianMilliseconds").doubleValue(),
                latency.get("minMilliseconds").doubleValue(),
                latency.get("p99Milliseconds").doubleValue(),
                timing.get("medianSpeed").doubleValue(),
                timing.get("minSpeed").doubleValue()));
      }
    }
    List<String> table = rowsAfter(page(), "## Latency");
    assertEquals(rows, table.subList(2, table.size()));
  }

  private static Map<String, JsonNode> loaded(String file) throws IOException {
    Map<String, JsonNode> loaded = new TreeMap<>();
    for (JsonNode model : json(PERFORMANCE.resolve(file)).get("loaded")) {
      loaded.put(model.get("model").textValue(), model);
    }
    return loaded;
  }

  @Test
  void sizes() throws IOException {
    List<String> table = rowsAfter(page(), "## Size");
    List<String> names = Splitter.on(" | ").splitToList(table.get(0).replaceAll("^\\| | \\|$", ""));
    List<String> sizes = Splitter.on(" | ").splitToList(table.get(2).replaceAll("^\\| | \\|$", ""));
    Map<String, JsonNode> loaded = loaded("serve-32-tokens.json");
    assertTrue(names.containsAll(loaded.keySet()), names.toString());
    loaded.forEach(
        (name, model) ->
            assertEquals(
                String.format(Locale.ROOT, "%.1f", model.get("folderBytes").doubleValue() / 1e6),
                sizes.get(names.indexOf(name)),
                name));
  }

  @Test
  void memory() throws IOException {
    List<String> table = rowsAfter(page(), "## Memory and time to load");
    assertMemory(table.get(2), "1 x 128", loaded("serve-memory.json"));
    Map<String, JsonNode> wide = loaded("serve-128-tokens.json");
    assertMemory(table.get(3), "8 x 128", wide);
    assertContains(
        page(),
        "models of 3-3-8 and 2-2-8 take %.0f and %.0f MB, that of `int8` %.0f",
        megabytes(wide, "packed 3-3-8"),
        megabytes(wide, "packed 2-2-8"),
        megabytes(wide, "int8 4-8-8"));
  }

  private static double megabytes(Map<String, JsonNode> loaded, String model) {
    return requireNonNull(loaded.get(model)).get("residentBytes").doubleValue() / 1e6;
  }

  private static void assertMemory(String row, String load, Map<String, JsonNode> loaded) {
    double whole = megabytes(loaded, "float");
    double packed = megabytes(loaded, "packed 4-8-8");
    assertEquals(
        String.format(
            Locale.ROOT,
            "| Java, `bench serve` | %s | %.0f | %.0f | %.2f |",
            load,
            whole,
            packed,
            packed / whole),
        row);
  }

  @Test
  void timesToLoad() throws IOException {
    DoubleSummaryStatistics load = new DoubleSummaryStatistics();
    DoubleSummaryStatistics first = new DoubleSummaryStatistics();
    for (String file : List.of("serve-32-tokens.json", "serve-128-tokens.json")) {
      for (JsonNode model : loaded(file).values()) {
        load.accept(model.get("loadMilliseconds").doubleValue() / 1e3);
        first.accept(model.get("firstRunMilliseconds").doubleValue() / 1e3);
      }
    }
    assertContains(
        page(),
        "loaded in %.1f to %.1f s and answers for the first time %.1f to %.1f s later",
        load.getMin(),
        load.getMax(),
        first.getMin(),
        first.getMax());
  }

  private static void assertContains(String text, String format, Object... numbers) {
    String part = String.format(Locale.ROOT, format, numbers);
    assertTrue(text.contains(part), part);
  }

  @Test
  void channels() throws IOException {
    List<String> rows = new ArrayList<>();
    for (JsonNode timing : json(PERFORMANCE.resolve("serve-channel.json")).get("timings")) {
      if (timing.get("model").textValue().contains("channel")) {
        rows.add(
            String.format(
                Locale.ROOT,
                "| %d x %d | %.2f (%.2f) |",
                timing.get("rows").intValue(),
                timing.get("length").intValue(),
                timing.get("medianSpeed").doubleValue(),
                timing.get("minSpeed").doubleValue()));
      }
    }
    List<String> table = rowsAfter(page(), "### A step size for each output channel");
    assertEquals(rows, table.subList(2, table.size()));
    for (String method : List.of("lsq", "squat")) {
      assertContains(
          page(),
          "%.2f times as long of `" + method + "`",
          seconds("train-minilm-channel.json", method)
              / seconds("train-minilm-tensor.json", method));
    }
  }

  private static double seconds(String file, String method) throws IOException {
    for (JsonNode timing : json(PERFORMANCE.resolve(file)).get("timings")) {
      if (timing.get("method").textValue().equals(method)) {
        return timing.get("medianSeconds").doubleValue();
      }
    }
    throw new AssertionError(file + ": no " + method);
  }

  /** A row of each method, with so many digits of its seconds. */
  private static List<String> steps(String file, int digits) throws IOException {
    List<String> rows = new ArrayList<>();
    for (JsonNode timing : json(PERFORMANCE.resolve(file)).get("timings")) {
      String method = timing.get("method").textValue();
      rows.add(
          String.format(
              Locale.ROOT,
              "| `%s`%s | %." + digits + "f | %.2f |",
              method,
              method.equals("squat") ? ", two passes" : "",
              timing.get("medianSeconds").doubleValue(),
              timing.get("medianRatio").doubleValue()));
    }
    return rows;
  }

  @Test
  void steps() throws IOException {
    List<String> rows = steps("train-bert-base.json", 2);
    List<String> table = rowsAfter(readme(), "## What to expect");
    assertEquals(rows, table.subList(2, table.size()));
    assertContains(
        readme(),
        "%.1f GB in float, %.1f GB with `squat`",
        json(PERFORMANCE.resolve("train-memory-fp.json")).get("peakMemoryBytes").doubleValue()
            / 1e9,
        json(PERFORMANCE.resolve("train-memory-squat.json")).get("peakMemoryBytes").doubleValue()
            / 1e9);
  }

  @Test
  void stepsOnAGpu() throws IOException {
    List<String> rows = steps("train-gpu.json", 3);
    List<String> table = rowsAfter(page(), "## On a GPU");
    assertEquals(rows, table.subList(2, table.size()));
  }

  @Test
  void severalRunsAtATime() throws IOException {
    Map<String, List<String>> files = new LinkedHashMap<>();
    files.put("| 1 | 1 |", List.of("train-threads-1.json"));
    files.put("| 1 | 2 |", List.of("train-threads-2.json"));
    files.put("| 2 | 1 |", List.of("train-beside-1.json", "train-beside-2.json"));
    List<String> rows = new ArrayList<>();
    for (Map.Entry<String, List<String>> setting : files.entrySet()) {
      List<String> lsq = new ArrayList<>();
      List<String> squat = new ArrayList<>();
      double steps = 0;
      for (String file : setting.getValue()) {
        lsq.add(String.format(Locale.ROOT, "%.2f", seconds(file, "lsq")));
        squat.add(String.format(Locale.ROOT, "%.2f", seconds(file, "squat")));
        steps += 60 / seconds(file, "squat");
        assertContains(
            page(),
            "takes %.1f GB.",
            json(PERFORMANCE.resolve(file)).get("peakMemoryBytes").doubleValue() / 1e9);
      }
      rows.add(
          String.format(
              Locale.ROOT,
              "%s %s | %s | %.1f |",
              setting.getKey(),
              String.join(", ", lsq),
              String.join(", ", squat),
              steps));
    }
    List<String> table = rowsAfter(page(), "## Training several runs at a time");
    assertEquals(rows, table.subList(2, table.size()));
  }

  /** Cosines of the pooled output or of tokens by the model, such as base-8-8-8-channel. */
  private static Map<String, JsonNode> compared(boolean pooled) throws IOException {
    Map<String, JsonNode> found = new TreeMap<>();
    for (String file : List.of("compare-minilm.json", "compare-bert-base.json")) {
      for (JsonNode compared : json(PERFORMANCE.resolve(file)).get("compared")) {
        for (JsonNode output : compared.get("outputs")) {
          if (output.get("output").textValue().startsWith("pool") == pooled) {
            found.put(compared.get("model").textValue().replaceAll("/1$", ""), output);
          }
        }
      }
    }
    return found;
  }

  @Test
  void cosines() throws IOException {
    assertCosines(compared(false), "The same of the whole sequence's tokens:");
    Map<String, JsonNode> pooled = compared(true);
    assertCosines(pooled, "## Encoders that are quantized without training");
    assertContains(
        readme(),
        "mean cosine of %.3f (MiniLM-L6-H384) and %.3f (BERT-base)",
        cosine(pooled, "minilm-8-8-8-tensor", "mean"),
        cosine(pooled, "base-8-8-8-tensor", "mean"));
    assertContains(
        readme(),
        "lowest of 300 are %.3f and %.3f.",
        cosine(pooled, "minilm-8-8-8-tensor", "least"),
        cosine(pooled, "base-8-8-8-tensor", "least"));
    assertContains(
        readme(),
        "it is %.3f and %.3f, the lowest %.3f and %.3f.",
        cosine(pooled, "minilm-8-8-8-channel", "mean"),
        cosine(pooled, "base-8-8-8-channel", "mean"),
        cosine(pooled, "minilm-8-8-8-channel", "least"),
        cosine(pooled, "base-8-8-8-channel", "least"));
  }

  private static double cosine(Map<String, JsonNode> compared, String model, String which) {
    return requireNonNull(compared.get(model)).get(which + "Cosine").doubleValue();
  }

  private static void assertCosines(Map<String, JsonNode> compared, String heading)
      throws IOException {
    List<String> rows = new ArrayList<>();
    for (Map.Entry<String, String> model :
        Map.of("MiniLM-L6-H384", "minilm", "BERT-base", "base").entrySet()) {
      for (String bits : List.of("8-8-8", "4-8-8")) {
        String name = model.getValue() + "-" + bits;
        if (compared.containsKey(name + "-tensor")) {
          rows.add(
              "| "
                  + model.getKey()
                  + ", "
                  + bits
                  + " | "
                  + cosines(compared, name + "-tensor")
                  + " | "
                  + cosines(compared, name + "-channel")
                  + " |");
        }
      }
    }
    List<String> table = rowsAfter(Files.readString(DOCS.resolve("method.md")), heading);
    assertEquals(
        rows.stream().sorted().toList(), table.subList(2, table.size()).stream().sorted().toList());
  }

  private static String cosines(Map<String, JsonNode> compared, String model) {
    return String.format(
        Locale.ROOT,
        "%.4f (%.3f)",
        cosine(compared, model, "mean"),
        cosine(compared, model, "least"));
  }

  @Test
  void demo() throws IOException {
    JsonNode demo = json(PERFORMANCE.resolve("demo.json"));
    for (String model : List.of("float", "quantized")) {
      String line =
          readme()
              .lines()
              .filter(
                  some -> some.startsWith(model.equals("float") ? "  float  " : "  SQuAT 4-8-8"))
              .findFirst()
              .orElseThrow();
      assertTrue(
          line.replaceAll(" +", " ")
              .endsWith(
                  String.format(
                      Locale.ROOT,
                      " %.1f %% %.1f MB %.1f ms",
                      100 * demo.get(model + "Accuracy").doubleValue(),
                      demo.get(model + "Bytes").doubleValue() / 1e6,
                      demo.get(model + "MillisecondsPerSentence").doubleValue())),
          line);
    }
    assertTrue(
        readme()
            .contains(
                String.format(
                    Locale.ROOT,
                    "answer on %.0f %% of the rows",
                    100 * demo.get("agreement").doubleValue())));
  }

  @Test
  void bertBase() throws IOException {
    Path runs = DOCS.resolve("results/bert-base");
    assertScores("CoLA", "Matthews", json(runs.resolve("CoLA/result.json")));
    assertScores("RTE", "accuracy", json(runs.resolve("RTE/result.json")));
    JsonNode exported = json(PERFORMANCE.resolve("eval-cola.json"));
    assertEquals(
        json(runs.resolve("CoLA/result.json")).get("last").get("Matthews"),
        exported.get("metrics").get("Matthews"));
  }

  private static void assertScores(String task, String metric, JsonNode result) throws IOException {
    String row =
        String.format(
            Locale.ROOT,
            "| %s (%s) | %.1f | %.1f |",
            task,
            metric,
            100 * result.get("floatScores").get(0).get("metrics").get(metric).doubleValue(),
            100 * result.get("quantizedScores").get(0).get("metrics").get(metric).doubleValue());
    assertTrue(readme().contains(row), row);
  }
}
