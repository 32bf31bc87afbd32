package io.squat.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.train.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepFileTest {
  private static final List<String> COMMON = List.of("batch", "cased", "dropout");

  @TempDir Path folder;

  private SweepFile read(String json) throws IOException {
    return SweepFile.read(Files.writeString(folder.resolve("sweep.json"), json), COMMON);
  }

  @Test
  void readsAllThatCanBeAskedFor() throws IOException {
    SweepFile file =
        read(
            """
            {"model": "m", "data": {"CoLA": "a", "QNLI": "b"}, "tasks": ["CoLA", "QNLI"],
             "seeds": [11, 12], "common": {"batch": 16, "cased": true, "dropout": 0.2},
             "runs": [{"method": "lsq", "epochs": [3, 6], "step-lr": [1e-4, 0.001]},
                      {"method": "squat", "bits": "2-8-8", "rho": 0.02, "seeds": [12]}]}
            """);
    assertEquals("m", file.model());
    assertEquals(Map.of("CoLA", "a", "QNLI", "b"), file.data());
    assertEquals(List.of("CoLA", "QNLI"), file.tasks());
    assertEquals(List.of(11L, 12L), file.seeds());
    assertEquals(
        Map.of("batch", List.of("16"), "cased", List.of(), "dropout", List.of("0.2")),
        file.common());
    assertEquals(
        List.of(
            new RunGrid(
                Method.LSQ,
                Map.of("epochs", List.of("3", "6"), "step-lr", List.of("0.0001", "0.001")),
                null),
            new RunGrid(
                Method.SQUAT,
                Map.of("bits", List.of("2-8-8"), "rho", List.of("0.02")),
                List.of(12L))),
        file.runs());
  }

  @Test
  void aNumberOfSeedsCountsFromOneAndModelAndDataMayBeLeftOut() throws IOException {
    SweepFile file =
        read("{'tasks': ['RTE'], 'seeds': 3, 'runs': [{'method': 'fp'}]}".replace('\'', '"'));
    assertEquals(List.of(1L, 2L, 3L), file.seeds());
    assertNull(file.model());
    assertEquals(Map.of(), file.data());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"task": ["RTE"]} | the sweep: unknown key "task"; expected one of model, data, tasks, seeds, common, runs
          {"tasks": ["RTE"], "seeds": 1, "common": {"rho": 1}, "runs": [{"method": "fp"}]} | common: unknown key "rho"; expected one of batch, cased, dropout; "rho" belongs into each of runs
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"method": "fp"}, {"method": "squat", "rhoo": 1}]} | runs[1] (squat): unknown key "rhoo"; expected one of method, seeds, bits, levels, granularity, epochs, lr, step-lr, rho, alternation
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"method": "lsq", "rho": 1}]} | runs[0] (lsq): unknown key "rho"; expected one of method, seeds, bits, levels, granularity, epochs, lr, step-lr
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"method": "sam"}]} | runs[0]: method: expected one of [fp, lsq, saq, squat], found "sam"
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"bits": "2-8-8"}]} | runs[0]: expected an object with a method, found {"bits":"2-8-8"}
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"method": "lsq", "epochs": []}]} | runs[0].epochs: expected at least one value, found none
          {"tasks": ["RTE"], "seeds": 1, "runs": [{"method": "lsq", "epochs": {"a": 1}}]} | runs[0].epochs: expected a text, a number or a list of them, found {"a":1}
          {"tasks": ["RTE"], "seeds": 1, "runs": []} | runs: expected a list with at least one entry, found []
          {"tasks": ["RTE"], "runs": [{"method": "fp"}]} | seeds: expected a list of seeds, or how many, found none
          {"tasks": ["RTE"], "seeds": 0, "runs": [{"method": "fp"}]} | seeds: expected a list of seeds, or how many, found 0
          {"tasks": ["RTE"], "seeds": [1, 2], "runs": [{"method": "lsq", "seeds": [2, 3]}]} | runs[0].seeds: expected some of the sweep's seeds [1, 2], found 3
          {"tasks": ["RTE"], "seeds": 2, "runs": [{"method": "lsq", "seeds": []}]} | runs[0].seeds: expected at least one value, found none
          {"tasks": ["RTE"], "seeds": [1.5], "runs": [{"method": "fp"}]} | seeds: expected whole numbers of 64 bits, found 1.5
          {"tasks": ["RTE"], "seeds": [9223372036854775808], "runs": [{"method": "fp"}]} | seeds: expected whole numbers of 64 bits, found 9223372036854775808
          {"tasks": "RTE", "seeds": 1, "runs": [{"method": "fp"}]} | tasks: expected a list with at least one entry, found "RTE"
          {"seeds": 1, "seeds": 2} | expected JSON, found Duplicate field 'seeds' (line 1)
          [1] | the sweep: expected an object, found [1]
          {"tasks": | expected JSON, found
          """)
  void whatIsWrongIsNamedWithItsPlace(String json, String expected) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, () -> read(json)).getMessage());
    assertTrue(message.startsWith(folder.resolve("sweep.json") + ": " + expected), message);
  }
}
