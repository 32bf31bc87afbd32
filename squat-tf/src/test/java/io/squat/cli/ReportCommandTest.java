package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.report.FixedSweep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
  @TempDir Path folder;

  @Test
  void writesThePageTheResultsAndJson() throws IOException {
    Path sweep = FixedSweep.unpack(folder.resolve("sweep"));
    Path json = folder.resolve("report.json");
    Path results = folder.resolve("results");
    Invocation report =
        Invocation.of("report " + sweep + " --results " + results + " --json " + json);
    assertEquals("", report.err());
    assertEquals(0, report.status());
    Path page = sweep.resolve("report").resolve("index.html");
    assertTrue(Files.size(page) > 0);
    assertTrue(report.out().contains("page: " + page), report.out());
    assertTrue(report.out().contains("MRPC 2-8-8 lsq (4 epochs), 3 seeds: F1 "), report.out());
    assertTrue(
        report.out().contains("runs/MRPC/saq/seed-3: failed: the loss is NaN at step 9"),
        report.out());
    JsonNode written = new ObjectMapper().readTree(json.toFile());
    assertEquals(7, written.get("groups").size());
    assertEquals("unfinished", written.get("withoutResult").get("runs/MRPC/saq/seed-2").asText());
    // The page that lies in the sweep now is no run: a second report is the same.
    Path again = folder.resolve("again");
    assertEquals(0, Invocation.of("report " + sweep + " --out " + again).status());
    assertEquals(-1, Files.mismatch(page, again.resolve("index.html")));
    Path fromResults = folder.resolve("from-results");
    assertEquals(0, Invocation.of("report " + results + " --out " + fromResults).status());
    assertEquals(-1, Files.mismatch(page, fromResults.resolve("index.html")));
  }

  @Test
  void aFolderWithoutRunsIsOneClearLine() throws IOException {
    Path out = folder.resolve("out");
    Invocation report = Invocation.of("report " + folder + " --out " + out);
    assertEquals(2, report.status());
    assertEquals(1, report.err().lines().count(), report.err());
    assertTrue(report.err().contains(folder + ": expected runs of `squat train`"), report.err());
    assertFalse(Files.exists(out));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }
}
