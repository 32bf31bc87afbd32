package io.squat.report;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.squat.glue.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The report of a fixed sweep: against NumPy, and against files of what it was before. With {@code
 * -Dgolden=write} those are written instead of compared.
 */
class ReportTest {
  private static final Path GOLDEN = Path.of("src/test/resources/io/squat/report/golden");
  private static final boolean WRITE = "write".equals(System.getProperty("golden"));
  private static final double TOLERANCE = 1e-12;
  // Of an interval's ends, in its widths: 2000 replicates and other random numbers.
  private static final double SHARE_TOLERANCE = 0.03;
  private static final double INTERVAL_TOLERANCE = 0.06;

  @TempDir static Path folder;
  @TempDir Path added;
  private static Path sweep = Path.of("");
  private static Path page = Path.of("");
  private static @Nullable Report report;

  @BeforeAll
  static void write() throws IOException {
    sweep = FixedSweep.unpack(folder.resolve("sweep"));
    page = folder.resolve("page");
    report = Report.of(List.of(sweep));
    report.write(page);
  }

  private static Report report() {
    return requireNonNull(report);
  }

  private static void compare(String name, String text) throws IOException {
    Path file = GOLDEN.resolve(name);
    if (WRITE) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, text);
    }
    assertEquals(Files.readString(file), text, file.toString());
  }

  @Test
  void textAndTablesAreWhatTheyWere() throws IOException {
    for (String name : List.of("report.md", "runs.csv", "groups.csv")) {
      compare(name, Files.readString(page.resolve(name)));
    }
  }

  /** The page but its pictures, whose pixels depend on the machine's fonts. */
  @Test
  void theWebPageIsWhatItWas() throws IOException {
    String html = Files.readString(page.resolve("index.html"));
    compare("index.html", html.replaceAll("base64,[A-Za-z0-9+/=]+", "base64,"));
  }

  /** What is drawn, and not the pixels, which depend on the machine's fonts. */
  @Test
  void picturesAreOfWhatTheyWere() throws IOException {
    StringBuilder text = new StringBuilder();
    for (Block block : report().blocks()) {
      if (block instanceof Block.Picture picture) {
        text.append(picture.file()).append('\n');
        picture
            .figure()
            .plots()
            .forEach(
                plot -> {
                  text.append(plot.title()).append(' ').append(plot.x()).append(' ');
                  text.append(plot.y()).append(' ').append(plot.verticals()).append('\n');
                  plot.curves().forEach(curve -> text.append(curve).append('\n'));
                });
      }
    }
    compare("figures.txt", text.toString());
  }

  private static GroupRow row(String group) {
    String folder = group + "/seed-1";
    ReportedRun run =
        RunFinder.runs(List.of(sweep)).stream()
            .filter(found -> found.name().equals(folder))
            .findFirst()
            .orElseThrow();
    return report().rows().stream()
        .filter(row -> row.method().equals(run.settings().method().label()))
        .filter(row -> row.bits().equals(RunGroup.bits(run.settings())))
        .filter(
            row ->
                row.method().equals("fp")
                    || row.settings().contains(run.settings().epochs() + " epochs"))
        .filter(
            row ->
                !row.method().equals("squat")
                    || row.settings().contains("rho " + run.settings().rho()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(group + " in " + report().rows()));
  }

  @Test
  void meansAndDeviationsAreNumPys() throws IOException {
    JsonNode samples = FixedSweep.json("expected.json").get("samples");
    assertTrue(samples.size() > 20);
    for (JsonNode expected : samples) {
      GroupRow row = row(expected.get("group").asText());
      Map<String, GroupRow.Sample> found =
          expected.get("epoch").asText().equals("last") ? row.last() : row.best();
      GroupRow.Sample sample = requireNonNull(found.get(expected.get("metric").asText()));
      assertEquals(expected.get("mean").asDouble(), sample.mean(), TOLERANCE, expected.toString());
      if (expected.get("deviation").isNull()) {
        assertEquals(null, sample.deviation());
      } else {
        assertEquals(
            expected.get("deviation").asDouble(),
            requireNonNull(sample.deviation()),
            TOLERANCE,
            expected.toString());
      }
    }
  }

  @Test
  void differencesAndIntervalsAreNumPys() throws IOException {
    JsonNode differences = FixedSweep.json("expected.json").get("differences");
    assertEquals(28, differences.size());
    for (JsonNode expected : differences) {
      GroupRow.Difference found =
          requireNonNull(
              row(expected.get("ours").asText())
                  .difference(
                      expected.get("to").asText(),
                      expected.get("metric").asText(),
                      expected.get("epoch").asText()),
              expected.toString());
      double low = expected.get("low").asDouble();
      double high = expected.get("high").asDouble();
      assertEquals(expected.get("seeds").asInt(), found.seeds(), expected.toString());
      assertEquals(
          expected.get("difference").asDouble(), found.mean(), TOLERANCE, expected.toString());
      assertEquals(low, found.low(), INTERVAL_TOLERANCE * (high - low), expected.toString());
      assertEquals(high, found.high(), INTERVAL_TOLERANCE * (high - low), expected.toString());
      Double share = found.seedShare();
      assertEquals(expected.get("seedShare").isNull(), share == null, expected.toString());
      if (share != null) {
        assertEquals(
            expected.get("seedShare").asDouble(), share, SHARE_TOLERANCE, expected.toString());
      }
    }
  }

  @Test
  void nothingIsComparedWithWhatHasOtherSettings() {
    assertEquals(null, row("runs/MRPC/wide").difference("lsq, equal epochs", "F1", "last"));
    assertEquals(null, row("runs/MRPC/lsq-2").difference("lsq, equal epochs", "F1", "last"));
    assertEquals(null, row("runs/MRPC/lsq-4").difference("lsq, equal passes", "F1", "last"));
    assertEquals(null, row("runs/MRPC/lsq-4").difference("best lsq", "F1", "last"));
    assertEquals(null, row("runs/MRPC/squat").difference("best lsq", "F1", "last"));
    double worse =
        requireNonNull(row("runs/MRPC/lsq-2").difference("best lsq", "F1", "last")).mean();
    assertTrue(worse < 0, worse + " to the best");
    assertEquals(List.of(), row("float/MRPC").differences());
    assertEquals(4, row("runs/MRPC/squat").passes());
    assertEquals(4, row("runs/MRPC/lsq-4").passes());
  }

  /** A copy of a run's files with other settings and, if asked for, right answers. */
  private void add(String from, String to, UnaryOperator<String> settings, boolean right)
      throws IOException {
    Path source = sweep.resolve(from);
    Path target = added.resolve(to);
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = target.resolve(source.relativize(file));
        Files.createDirectories(copy.resolveSibling("."));
        Files.copy(file, copy);
      }
    }
    Path file = target.resolve("settings.json");
    Files.writeString(file, settings.apply(Files.readString(file)));
    if (right) {
      Path result = target.resolve("result.json");
      Files.writeString(
          result, Files.readString(result).replaceAll("\"(F1|accuracy)\": [0-9.]+", "\"$1\": 1.0"));
    }
  }

  @Test
  void theBestLsqIsFromTheSameModelAndHasAllSeeds() throws IOException {
    for (int seed = 1; seed <= 3; seed++) {
      add("runs/MRPC/lsq-2/seed-" + seed, "lsq/seed-" + seed, settings -> settings, false);
      add(
          "runs/MRPC/squat/seed-" + seed,
          "squat/seed-" + seed,
          settings -> settings.replace("\"epochs\": 2", "\"epochs\": 7"),
          false);
      add(
          "runs/MRPC/lsq-4/seed-" + seed,
          "other/seed-" + seed,
          settings -> settings.replace("c3c3", "dddd"),
          true);
    }
    add(
        "runs/MRPC/lsq-4/seed-1",
        "lucky",
        settings -> settings.replace("\"epochs\": 4", "\"epochs\": 5"),
        true);
    GroupRow squat =
        Report.of(List.of(added)).rows().stream()
            .filter(row -> row.method().equals("squat"))
            .findFirst()
            .orElseThrow();
    assertEquals(null, squat.difference("lsq, equal epochs", "F1", "last"));
    // As to the lsq of two epochs in the fixed sweep.
    assertEquals(
        requireNonNull(row("runs/MRPC/squat").difference("lsq, equal epochs", "F1", "last")).mean(),
        requireNonNull(squat.difference("best lsq", "F1", "last")).mean(),
        TOLERANCE);
  }

  /** A setting that may be left out tells groups apart where others have it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "trainRows": 50            | all training rows | 50 training rows
          "floatLearningRate": 1e-4  | float-lr 5e-5     | float-lr 1e-4
          "levels": "FULL"           | default levels    | full levels
          """)
  void whatIsLeftOutIsSaid(String given, String without, String with) throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "without", settings -> settings, false);
    add(
        "runs/MRPC/lsq-2/seed-1",
        "with",
        settings ->
            settings.replace("\"levels\": null, ", "").replace("{\"task", "{" + given + ", \"task"),
        false);
    add("float/MRPC/seed-1", "float", settings -> settings, false);
    Report report = Report.of(List.of(added));
    assertEquals(
        Set.of(with, without),
        report.rows().stream()
            .filter(row -> row.method().equals("lsq"))
            .map(GroupRow::settings)
            .collect(Collectors.toSet()));
    report.write(added.resolve("page"));
    String text = Files.readString(added.resolve("page/report.md"));
    String all = text.lines().filter(line -> line.contains("All runs: ")).findFirst().orElseThrow();
    assertFalse(all.contains(with), all);
    assertTrue(all.matches(".*\\. Where the method uses it: .*step-lr 0.001.*"), all);
  }

  /**
   * A run by {@code train} alone has its float stage in its folder, where others are runs of fp.
   */
  @Test
  void theFloatStageOfARunIsARunOfFp() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "lsq", settings -> settings, false);
    add("float/MRPC/seed-1", "fp", settings -> settings, false);
    GroupRow expected = Report.of(List.of(added)).rows().get(0);
    ObjectMapper json = new ObjectMapper();
    ObjectNode result = (ObjectNode) json.readTree(added.resolve("lsq/result.json").toFile());
    result.set(
        "floatScores", json.readTree(added.resolve("fp/result.json").toFile()).get("floatScores"));
    json.writeValue(added.resolve("lsq/result.json").toFile(), result);
    Files.move(added.resolve("fp/float"), added.resolve("lsq/float"));
    MoreFiles.deleteRecursively(added.resolve("fp"), RecursiveDeleteOption.ALLOW_INSECURE);
    add("runs/MRPC/squat/seed-1", "squat", settings -> settings, false);
    Files.copy(
        added.resolve("lsq/result.json"),
        added.resolve("squat/result.json"),
        StandardCopyOption.REPLACE_EXISTING);
    Report report = Report.of(List.of(added));
    GroupRow found = report.rows().get(0);
    assertEquals("fp", found.method());
    assertEquals(expected.last(), found.last());
    assertEquals(expected.seeds(), found.seeds());
    assertEquals(
        2,
        report.rows().stream().filter(row -> row.difference("fp", "F1", "last") != null).count());
    Path first = folder.resolve("float-stage-page");
    report.write(first);
    String text = Files.readString(first.resolve("report.md"));
    assertTrue(text.contains("Runs: 2, of them finished: 2."), text);
    Path results = folder.resolve("float-stage-results");
    assertEquals(2, ResultFiles.copy(added, results));
    Path second = folder.resolve("float-stage-again");
    Report.of(List.of(results)).write(second);
    assertEquals(-1, Files.mismatch(first.resolve("index.html"), second.resolve("index.html")));

    // As with other threads: the two do not start from one model.
    Path other = added.resolve("squat/result.json");
    String scores = Files.readString(other);
    int at = scores.indexOf("floatScores");
    Files.writeString(
        other, scores.substring(0, at) + scores.substring(at).replaceFirst("0[.][0-9]+", "0.5"));
    Report apart = Report.of(List.of(added));
    assertEquals(2, apart.rows().size());
    assertTrue(
        apart.blocks().toString().contains("The float stages of lsq, squat have the same settings"),
        apart.blocks().toString());
  }

  @Test
  void modelsThatSayOneClassAloneAreMarked() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "seed-1", settings -> settings, false);
    add("runs/MRPC/lsq-2/seed-2", "seed-2", settings -> settings, false);
    Path predictions = added.resolve("seed-2/quantized/dev-predictions-2.txt");
    Files.writeString(predictions, Files.readString(predictions).replaceAll("[01]", "1"));
    Report report = Report.of(List.of(added));
    assertEquals(1, report.rows().get(0).oneClass());
    report.write(folder.resolve("one-class"));
    String text = Files.readString(folder.resolve("one-class/report.md"));
    assertTrue(
        text.contains("\u2021: the models of lsq at 2-8-8 with 1 of 2 seeds say one class"), text);
    assertTrue(text.contains("| 2 \u2021 |"), text);
    assertEquals(0, row("runs/MRPC/lsq-2").oneClass());
    Files.delete(predictions);
    assertEquals(null, Report.of(List.of(added)).rows().get(0).oneClass());
  }

  @Test
  void theDefaultLevelsAreTheSameAskedForOrNot() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "seed-1", settings -> settings, false);
    add(
        "runs/MRPC/wide/seed-1",
        "wide-1",
        settings -> settings.replace("\"levels\": null", "\"levels\": \"FULL\""),
        false);
    add(
        "runs/MRPC/wide/seed-1",
        "wide-2",
        settings -> settings.replace("\"seed\": 1", "\"seed\": 2"),
        false);
    assertEquals(
        List.of(1, 2),
        Report.of(List.of(added)).rows().stream().map(row -> row.seeds().size()).toList());
  }

  @Test
  void aSeedCountsOnce() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "first", settings -> settings, false);
    add("runs/MRPC/lsq-2/seed-1", "second", settings -> settings, false);
    String message = refusal(added);
    assertTrue(message.contains("expected one run of the same settings and seed"), message);
    assertTrue(message.contains("first") && message.contains("second"), message);
  }

  /** Runs that failed before they wrote anything, or wait for others, are no less runs of it. */
  @Test
  void runsOfASweepWithoutAFolderAreNamed() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "runs/MRPC/lsq/seed-1", settings -> settings, false);
    String settings = Files.readString(sweep.resolve("runs/MRPC/squat/seed-1/settings.json"));
    Files.writeString(
        added.resolve("sweep.json"),
        "{\"plan\": null, \"runs\": {\"runs/MRPC/squat/seed-1\": "
            + settings
            + ", \"runs/MRPC/squat/seed-2\": "
            + settings.replace("\"seed\": 1", "\"seed\": 2")
            + "}}");
    Files.writeString(
        added.resolve("status.json"),
        "{\"runs\": {\"runs/MRPC/squat/seed-1\":"
            + " {\"seconds\": 1, \"steps\": 0, \"failure\": \"killed by signal 9\"}}}");
    Map<String, String> expected =
        Map.of(
            "runs/MRPC/squat/seed-1",
            "failed: killed by signal 9",
            "runs/MRPC/squat/seed-2",
            "unfinished");
    assertEquals(expected, Report.of(List.of(added)).withoutResult());
    Path results = folder.resolve("some");
    ResultFiles.copy(added, results);
    assertEquals(expected, Report.of(List.of(results)).withoutResult());
  }

  @Test
  void tasksOfOneNameAreTold() throws IOException {
    String own =
        "\"task\": {\"name\": \"train\", \"columns\": {\"texts\": [\"text\"], \"label\": \"%s\"},"
            + " \"labels\": [\"0\", \"1\"%s]}";
    add(
        "runs/MRPC/lsq-2/seed-1",
        "a",
        settings ->
            settings.replace("\"task\": \"MRPC\"", String.format(Locale.ROOT, own, "x", "")),
        false);
    add(
        "runs/MRPC/lsq-2/seed-1",
        "b",
        settings ->
            settings.replace("\"task\": \"MRPC\"", String.format(Locale.ROOT, own, "y", ", \"2\"")),
        false);
    Path out = added.resolve("page");
    Report report = Report.of(List.of(added));
    report.write(out);
    assertEquals(
        List.of("train", "train (2)"), report.rows().stream().map(GroupRow::task).toList());
    String csv = Files.readString(out.resolve("runs.csv"));
    assertTrue(csv.contains("a,finished,train,") && csv.contains("b,finished,train (2),"), csv);
  }

  @Test
  void tasksWhoseNamesHaveOtherLettersHavePicturesOfTheirOwn() throws IOException {
    for (String name : List.of("отзывы", "平均")) {
      add(
          "runs/MRPC/lsq-2/seed-1",
          name,
          settings ->
              settings.replace(
                  "\"task\": \"MRPC\"",
                  "\"task\": {\"name\": \""
                      + name
                      + "\", \"columns\": {\"texts\": [\"text\"], \"label\": \"y\"},"
                      + " \"labels\": [\"0\", \"1\"]}"),
          false);
    }
    List<String> pictures =
        Report.of(List.of(added)).blocks().stream()
            .filter(Block.Picture.class::isInstance)
            .map(block -> ((Block.Picture) block).file())
            .toList();
    assertTrue(pictures.contains("task-size.png"), pictures.toString());
    assertTrue(pictures.contains("task-2-size.png"), pictures.toString());
    assertEquals(pictures.size(), pictures.stream().distinct().count(), pictures.toString());
  }

  @Test
  void foldersOfOthersAreLeftAloneAndLinksAreFollowed() throws IOException {
    add("runs/MRPC/lsq-2/seed-1", "real", settings -> settings, false);
    Files.writeString(
        Files.createDirectories(added.resolve(".vscode")).resolve("settings.json"), "no JSON");
    Files.writeString(
        Files.createDirectories(added.resolve("other")).resolve("settings.json"), "{\"a\": 1}");
    Files.writeString(
        added.resolve("sweep.json"), "{\"tasks\": [\"MRPC\"], // mine\n \"runs\": []}");
    Files.writeString(added.resolve("status.json"), "{\"runs\": 12}");
    Files.writeString(
        Files.createDirectories(added.resolve("editor")).resolve("settings.json"),
        "{ // of an editor\n \"tab\": 2}");
    Path linked = Files.createDirectories(folder.resolve("linked"));
    Files.createSymbolicLink(linked.resolve("run"), added.resolve("real").toAbsolutePath());
    Files.createSymbolicLink(linked.resolve("round"), linked.toAbsolutePath());
    assertEquals(
        List.of("real"), RunFinder.runs(List.of(added)).stream().map(ReportedRun::name).toList());
    assertEquals(
        List.of("run"), RunFinder.runs(List.of(linked)).stream().map(ReportedRun::name).toList());
  }

  /**
   * Differences of 0.1, 0.2 and 0.3 have a mean of 0.2 and its standard error is 0.1 / sqrt(3), by
   * two degrees of freedom. Rows add next to nothing here.
   */
  @Test
  void theIntervalIsAsWideAsTheSeedsSay() {
    int rows = 40_000;
    float[] labels = new float[rows];
    Arrays.fill(labels, 1);
    PairedBootstrap.Interval interval =
        PairedBootstrap.of(
            Metric.ACCURACY,
            labels,
            Stream.of(0.1, 0.2, 0.3)
                .map(part -> new PairedBootstrap.Pair(ones(rows, part), new float[rows]))
                .toList());
    assertEquals(0.2, interval.difference(), 1e-6);
    double half = 4.302653 * 0.1 / Math.sqrt(3); // a table's t, 97.5 %, 2 degrees of freedom
    assertEquals(0.2 - half, interval.low(), 0.002);
    assertEquals(0.2 + half, interval.high(), 0.002);
  }

  /** Of seeds that say the same, only the rows are left: a proportion's standard error. */
  @Test
  void theIntervalIsThatOfTheRowsWhereSeedsAgree() {
    int rows = 2_000;
    float[] labels = new float[rows];
    Arrays.fill(labels, 1);
    PairedBootstrap.Pair pair = new PairedBootstrap.Pair(ones(rows, 0.2), new float[rows]);
    for (List<PairedBootstrap.Pair> pairs : List.of(List.of(pair), List.of(pair, pair, pair))) {
      PairedBootstrap.Interval interval = PairedBootstrap.of(Metric.ACCURACY, labels, pairs);
      double half = 1.959964 * Math.sqrt(0.2 * 0.8 / rows);
      assertEquals(2 * half, interval.high() - interval.low(), 0.1 * half);
    }
  }

  private static float[] ones(int rows, double part) {
    float[] values = new float[rows];
    Arrays.fill(values, 0, (int) Math.round(part * rows), 1);
    return values;
  }

  @Test
  void runsWithoutAResultAreNamedWithTheReason() throws IOException {
    assertEquals(
        Map.of(
            "runs/MRPC/saq/seed-2",
            "unfinished",
            "runs/MRPC/saq/seed-3",
            "failed: the loss is NaN at step 9"),
        report().withoutResult());
    assertTrue(Files.readString(page.resolve("report.md")).contains("the loss is NaN at step 9"));
  }

  @Test
  void thePageNeedsNoOtherFile() throws IOException {
    String html = Files.readString(page.resolve("index.html"));
    long pictures = report().blocks().stream().filter(Block.Picture.class::isInstance).count();
    assertTrue(pictures >= 8, pictures + " pictures");
    assertEquals(
        pictures,
        Pattern.compile("src=\"data:image/png;base64,iVBOR").matcher(html).results().count());
    assertEquals(pictures, Pattern.compile("src=").matcher(html).results().count());
    assertFalse(html.contains("http"));
    assertFalse(html.contains("<link") || html.contains("<script") || html.contains("@import"));
  }

  /** The copy has no variables, no graph, and its metrics as gzip. */
  @Test
  void aReportOfTheResultFilesIsTheSameToTheLastByte() throws IOException {
    Path variables = sweep.resolve("runs/MRPC/squat/seed-1/quantized/model/variables.index");
    Files.writeString(variables, "large");
    Path results = folder.resolve("results");
    assertEquals(18, ResultFiles.copy(sweep, results));
    ResultFiles.copy(sweep, results);
    try (Stream<Path> files = Files.walk(results)) {
      List<String> names = files.map(file -> file.getFileName().toString()).toList();
      assertTrue(names.contains("metrics.jsonl.gz") && names.contains("histograms.json"));
      assertFalse(names.contains("metrics.jsonl") || names.contains("variables.index"));
    }
    Path again = folder.resolve("again");
    Report.of(List.of(results)).write(again);
    try (Stream<Path> files = Files.list(page)) {
      List<Path> all = files.toList();
      assertTrue(all.size() > 8, all.toString());
      for (Path file : all) {
        assertArrayEquals(
            Files.readAllBytes(file),
            Files.readAllBytes(again.resolve(file.getFileName())),
            file.toString());
      }
    }
    // A copy of a copy, too.
    Path copies = folder.resolve("copies");
    ResultFiles.copy(results, copies);
    assertArrayEquals(
        Files.readAllBytes(results.resolve("runs/MRPC/squat/seed-1/quantized/metrics.jsonl.gz")),
        Files.readAllBytes(copies.resolve("runs/MRPC/squat/seed-1/quantized/metrics.jsonl.gz")));
    MoreFiles.deleteRecursively(copies, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  @Test
  void foldersOfSingleRunsCanBeGivenToo() {
    Path first = sweep.resolve("runs/MRPC/squat/seed-1");
    Path second = sweep.resolve("runs/MRPC/squat/seed-2");
    List<GroupRow> rows = Report.of(List.of(first, second)).rows();
    assertEquals(1, rows.size());
    assertEquals(List.of(1L, 2L), rows.get(0).seeds());
    assertEquals("", rows.get(0).settings());
    assertEquals(
        List.of("seed-1", "seed-2"),
        RunFinder.runs(List.of(first, second)).stream().map(ReportedRun::name).toList());
  }

  private static String refusal(Path... folders) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> Report.of(List.of(folders)))
            .getMessage());
  }

  @Test
  void saysWhatAFolderLacks() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    assertTrue(refusal(empty).contains(empty + ": expected runs of `squat train`"));
    assertTrue(refusal(folder.resolve("nowhere")).contains("no such folder"));
    assertTrue(refusal(sweep, sweep).contains("in two of the folders"));
  }
}
