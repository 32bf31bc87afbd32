package io.squat.glue;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.MINUTES;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against what Python writes: {@code src/test/resources/submission}. */
class SubmissionTest {
  @TempDir Path folder;

  private static Examples rows(GlueTask task, Split split, int count, boolean ids) {
    List<Example> rows = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      rows.add(
          new Example(
              ids ? Integer.toString(row) : null, "a", task.pair() ? "b" : null, Float.NaN));
    }
    return new Examples(task, split, rows, 0, "5e1f");
  }

  private static GlueTask task(String file) {
    return GlueTask.of(file.replace(".tsv", "").replaceFirst("^MNLI-mm?$", "MNLI"));
  }

  @Test
  void tablesAreThoseOfThePythonWriter() {
    List<String> names = new ArrayList<>();
    for (JsonNode file : Fixtures.json("submission/submission.json")) {
      String name = file.get("name").textValue();
      names.add(name);
      float[] predictions = Fixtures.floats(file.get("predictions"));
      for (boolean ids : new boolean[] {true, false}) {
        Examples rows = rows(task(name), Split.TEST, predictions.length, ids);
        assertEquals(file.get("text").textValue(), Submission.table(rows, predictions), name);
      }
    }
    assertEquals(names, Arrays.stream(Submission.values()).map(Submission::fileName).toList());
  }

  /** Three decimals are the leaderboard's rule for STS-B, whose scores go from 0 to 5. */
  @Test
  void scoresOfOnesOwnAreNotRounded() throws IOException {
    Path file = Files.writeString(folder.resolve("own.tsv"), "s\ty\na\t0.001\nb\t12345.5\n");
    TableColumns columns = new TableColumns(List.of("s"), "y");
    Examples rows = new TableFile(file).read(OwnTask.regression("own", columns), Split.DEV);
    assertEquals(
        "index\tprediction\n0\t0.00123\n1\t-12345.5\n",
        Submission.table(rows, new float[] {0.00123f, -12345.5f}));
  }

  @Test
  void indexIsTheRowsOwn() {
    Example row = new Example("17", "a", null, Float.NaN);
    Examples one = new Examples(GlueTask.COLA, Split.TEST, List.of(row), 0, "5e1f");
    assertEquals("index\tprediction\n17\t1\n", Submission.table(one, new float[] {1}));
  }

  /** The numbers of rows that GLUE's test files have. */
  @ParameterizedTest
  @CsvSource({
    "COLA, 1063",
    "SST2, 1821",
    "MRPC, 1725",
    "STSB, 1379",
    "QQP, 390965",
    "QNLI, 5463",
    "RTE, 3000",
    "WNLI, 146",
    "AX, 1104"
  })
  void aTestSplitHasTheOfficialNumberOfRows(GlueTask task, int rows) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> Submission.of(rows(task, Split.TEST, 1, true)));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("expected the " + rows + " rows"),
        refused.getMessage());
  }

  @Test
  void zipsGrowFileByFile() throws IOException {
    Path zip = folder.resolve("glue.zip");
    Examples wnli = rows(GlueTask.WNLI, Split.TEST, 146, true);
    Examples ax = rows(GlueTask.AX, Split.TEST, 1104, true);
    assertEquals(10, Submission.of(ax).put(zip, ax, new float[1104]).size());
    List<String> missing = Submission.of(wnli).put(zip, wnli, new float[146]);
    assertEquals(
        List.of(
            "CoLA.tsv",
            "SST-2.tsv",
            "MRPC.tsv",
            "STS-B.tsv",
            "QQP.tsv",
            "MNLI-m.tsv",
            "MNLI-mm.tsv",
            "QNLI.tsv",
            "RTE.tsv"),
        missing);
    float[] ones = new float[146];
    Arrays.fill(ones, 1);
    Submission.of(wnli).put(zip, wnli, ones);
    try (ZipFile file = new ZipFile(zip.toFile())) {
      assertEquals(List.of("WNLI.tsv", "AX.tsv"), file.stream().map(ZipEntry::getName).toList());
      String text =
          new String(file.getInputStream(file.getEntry("WNLI.tsv")).readAllBytes(), UTF_8);
      assertEquals(Submission.table(wnli, ones), text);
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(Set.of(zip, Submission.lock(zip)), files.collect(Collectors.toSet()));
    }
  }

  /** A process that puts a zip where one is asked for, once it is told to. */
  static final class OtherProcess {
    private OtherProcess() {}

    public static void main(String[] arguments) {
      Path zip = Path.of(arguments[0]);
      Submission.alone(
          zip,
          () -> {
            try {
              System.out.println("alone");
              System.in.read();
              return Files.copy(Path.of(arguments[1]), zip);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  @Test
  void aSecondProcessWaitsForTheFirst() throws Exception {
    Path zip = folder.resolve("glue.zip");
    Path ready = folder.resolve("ready.zip");
    Examples wnli = rows(GlueTask.WNLI, Split.TEST, 146, true);
    Examples ax = rows(GlueTask.AX, Split.TEST, 1104, true);
    Submission.of(ax).put(ready, ax, new float[1104]);
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName(),
                zip.toString(),
                ready.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertEquals("alone", other.inputReader(UTF_8).readLine());
      CompletableFuture<List<String>> put =
          CompletableFuture.supplyAsync(() -> Submission.of(wnli).put(zip, wnli, new float[146]));
      assertThrows(TimeoutException.class, () -> put.get(500, MILLISECONDS));
      other.outputWriter(UTF_8).append('\n').flush();
      assertEquals(9, put.get(1, MINUTES).size());
      assertEquals(0, other.waitFor());
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void theOrderInWhichFilesComeChangesNothing() throws IOException {
    Path one = folder.resolve("one.zip");
    Path other = folder.resolve("other.zip");
    Examples wnli = rows(GlueTask.WNLI, Split.TEST, 146, true);
    Examples ax = rows(GlueTask.AX, Split.TEST, 1104, true);
    Submission.of(ax).put(one, ax, new float[1104]);
    Submission.of(wnli).put(one, wnli, new float[146]);
    Submission.of(wnli).put(other, wnli, new float[146]);
    Submission.of(ax).put(other, ax, new float[1104]);
    assertArrayEquals(Files.readAllBytes(one), Files.readAllBytes(other));
  }

  @Test
  void mismatchedRowsHaveAFileOfTheirOwn() {
    assertEquals(
        Submission.MNLI_MISMATCHED,
        Submission.of(rows(GlueTask.MNLI, Split.TEST_MISMATCHED, 9847, true)));
    assertEquals(
        Submission.MNLI_MATCHED, Submission.of(rows(GlueTask.MNLI, Split.TEST, 9796, true)));
  }

  @Test
  void otherRowsAreNoSubmission() {
    assertError(
        "submission: WNLI.tsv: expected the 146 rows of WNLI's official test split, found 3",
        () -> Submission.of(rows(GlueTask.WNLI, Split.TEST, 3, true)));
    assertError(
        "submission: expected the test split of a GLUE task (of MNLI test and test_mismatched),"
            + " found RTE dev",
        () -> Submission.of(rows(GlueTask.RTE, Split.DEV, 277, true)));
  }

  @Test
  void otherZipsAreLeftAlone() throws IOException {
    Path zip = folder.resolve("other.zip");
    try (OutputStream raw = Files.newOutputStream(zip);
        ZipOutputStream out = new ZipOutputStream(raw)) {
      out.putNextEntry(new ZipEntry("photo.jpg"));
    }
    byte[] before = Files.readAllBytes(zip);
    Examples wnli = rows(GlueTask.WNLI, Split.TEST, 146, true);
    assertError(
        zip + ": expected the files of a submission alone, found photo.jpg; choose another zip",
        () -> Submission.WNLI.put(zip, wnli, new float[146]));
    assertArrayEquals(before, Files.readAllBytes(zip));
    Path text = Files.writeString(folder.resolve("text.zip"), "no zip");
    assertError(
        text + ": expected the zip of a submission, found a file that is none",
        () -> Submission.WNLI.put(text, wnli, new float[146]));
  }

  private static void assertError(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }
}
