package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code compare} of the tiny BERT with itself, as float and quantized. */
class CompareCommandTest {
  private static final String MODEL = Invocation.tinyBert().toString();

  @TempDir Path folder;
  private Path texts;

  @BeforeEach
  void write() throws IOException {
    texts = folder.resolve("texts.tsv");
    Files.write(texts, List.of("id\ttext", "1\tthe cat", "2\ta dog runs", "3\tthe bird"), UTF_8);
  }

  private String export(String name, String options) throws IOException {
    Path out = folder.resolve(name).resolve("1");
    Invocation.done("export --model " + MODEL + " --out " + out + " " + options, folder);
    return out.toString();
  }

  @Test
  void quantizedEncodersAreNearAndFloatOnesEqual() throws IOException {
    String same = export("float", "--format float");
    String quantized =
        export(
            "packed",
            "--format packed --bits 8-8-8 --text-columns text --calibration-file " + texts);
    JsonNode result =
        Invocation.done(
            "compare --rows 2 --text-columns text --threads 2 --model "
                + String.join(" --model ", MODEL, same, quantized)
                + " --text-file "
                + texts,
            folder);
    assertEquals(2, result.get("texts").intValue());
    JsonNode exact = result.get("compared").get(0);
    assertEquals(same, exact.get("model").textValue());
    assertTrue(exact.get("outputs").size() > 1);
    for (JsonNode output : exact.get("outputs")) {
      assertEquals(0, output.get("largestDifference").doubleValue());
    }
    for (JsonNode output : result.get("compared").get(1).get("outputs")) {
      assertTrue(output.get("largestDifference").doubleValue() > 0, output.toString());
      assertTrue(output.get("leastCosine").doubleValue() > 0.98, output.toString());
    }
  }

  @Test
  void badInput() {
    Invocation.assertRefused(
        "one model",
        "--model: expected two models or more, found one",
        "compare --model " + MODEL + " --text-file " + texts);
    Invocation.assertRefused(
        "no rows",
        "--rows: expected a number of at least 1, found 0",
        "compare --rows 0 --model " + MODEL + " --model " + MODEL + " --text-file " + texts);
    Invocation.assertRefused(
        "a model that is not there",
        "--model: expected the folder or .tar.gz of a SavedModel or a name",
        "compare --model " + MODEL + " --model " + folder.resolve("no") + " --text-file " + texts);
    Invocation.assertRefused(
        "a column that is not there",
        texts + ": expected text columns of [id, text], one or two, found [other]",
        "compare --text-columns other --model "
            + MODEL
            + " --model "
            + MODEL
            + " --text-file "
            + texts);
  }
}
