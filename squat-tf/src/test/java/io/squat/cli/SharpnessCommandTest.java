package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.base.Splitter;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of the tiny BERT, measured. */
class SharpnessCommandTest {
  private static final String SMALL =
      " --rows 12 --ascent-steps 1 --directions 2 --iterations 3 --surface-points 3 --line-points 3"
          + " --threads 2";

  @TempDir static Path folder;

  private static Path tiny;

  @BeforeAll
  static void train() throws URISyntaxException {
    tiny =
        Path.of(
            Objects.requireNonNull(
                    SharpnessCommandTest.class.getResource("/io/squat/train/tiny-bert"))
                .toURI());
    train("squat --bits 2-8-8", "squat");
    train("fp", "fp");
  }

  private static void train(String method, String out) {
    Invocation trained =
        Invocation.of(
            "train --task CoLA --epochs 1 --batch 16 --max-length 24 --threads 1 --method "
                + method
                + " --model "
                + tiny.resolve("model")
                + " --data "
                + tiny
                + " --out "
                + folder.resolve(out));
    assertEquals(0, trained.status(), trained.err());
  }

  private static Invocation measure(String out, String more) {
    return measured(out, SMALL + more);
  }

  private static Invocation measured(String out, String settings) {
    return Invocation.of(
        "sharpness --run "
            + folder.resolve("squat")
            + " --data "
            + tiny
            + " --out "
            + folder.resolve(out)
            + settings);
  }

  @Test
  void theSameSeedGivesTheSameNumbersAndRunsStayAsTheyAre() throws IOException {
    Map<Path, String> before = hashes(folder.resolve("squat"));
    String both = " --activations --run " + folder.resolve("fp");
    Invocation first = measure("first", both);
    assertEquals(0, first.status(), first.err());
    Invocation second = measure("second", both);
    assertEquals(0, second.status(), second.err());
    for (String file : List.of("sharpness.json", "sharpness.csv", "surfaces.png")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("first").resolve(file)),
          Files.readAllBytes(folder.resolve("second").resolve(file)),
          file);
    }
    assertEquals(before, hashes(folder.resolve("squat")));
    List<String> lines = Files.readAllLines(folder.resolve("first/sharpness.csv"));
    // Per model: 4, and on both scales 2, 3 rhos of 3 numbers, 2 of 2, and 2 eigenvalues.
    assertEquals(1 + 2 * (4 + 2 * (2 + 3 * 3 + 2 * 2 + 2)), lines.size());
    assertTrue(
        first
            .out()
            .startsWith(
                "task CoLA, 12 rows of its train split, drawn by seed 1, no dropout, quantized weights, activations quantized,"
                    + " rho 0.01, 0.02, 0.05, average rho 10, 30\n"),
        first.out());
    String json = Files.readString(folder.resolve("first/sharpness.json"), UTF_8);
    assertTrue(json.contains("\"run\" : \"../squat\""), json);
    assertTrue(first.out().contains("squat 2-8-8, seed 1: loss "), first.out());
    assertTrue(first.out().contains("fp float, seed 1: loss "), first.out());
  }

  @Test
  void whatIsThereIsNotMeasuredAgain() throws IOException {
    assertEquals(0, measure("kept", "").status());
    assertEquals(0, measure("kept", " --device gpu").status(), "nothing is measured");
    Path json = folder.resolve("kept/sharpness.json");
    String text = Files.readString(json, UTF_8);
    Files.writeString(json, text.replaceFirst("\"loss\" : [0-9.]+", "\"loss\" : 123.5"));
    Invocation again = measure("kept", "");
    assertTrue(
        again.out().contains("measured before:\nsquat 2-8-8, seed 1: loss 123.5000"), again.out());
    Files.writeString(
        json,
        text.replaceFirst("\"loss\" : [0-9.]+", "\"loss\" : 123.5")
            .replaceFirst("\"hash\" : \"[0-9a-f]{64}\"", "\"hash\" : \"of other weights\""));
    Invocation trainedAnew =
        measured("kept", SMALL.replace("--surface-points 3", "--surface-points 0"));
    assertEquals(0, trainedAnew.status(), trainedAnew.err());
    assertTrue(
        trainedAnew.out().contains("in the place of what was measured of the same run"),
        trainedAnew.out());
    assertFalse(Files.exists(folder.resolve("kept/surfaces.png")), "a picture of other weights");
    assertEquals(0, measure("kept", "").status());
    assertEquals(text, Files.readString(json, UTF_8));
    Invocation other = measure("kept", " --seed 2");
    assertEquals(2, other.status());
    assertTrue(
        other
            .err()
            .contains("found others: settings.seed 1 there and 2 wanted; choose another --out"),
        other.err());
  }

  @Test
  void surfacesAreAddedToModelsThatHaveNone() throws IOException {
    Invocation without =
        measured("some", SMALL.replace("--surface-points 3", "--surface-points 0"));
    assertEquals(0, without.status(), without.err());
    assertFalse(Files.exists(folder.resolve("some/surfaces.png")));
    String before = Files.readString(folder.resolve("some/sharpness.json"), UTF_8);
    Invocation with = measure("some", "");
    assertEquals(0, with.status(), with.err());
    assertTrue(Files.exists(folder.resolve("some/surfaces.png")));
    String after = Files.readString(folder.resolve("some/sharpness.json"), UTF_8);
    String none = "\"surface\" : null";
    assertEquals(before.indexOf(none), after.indexOf("\"surface\" : {"));
    assertEquals(
        before.substring(0, before.indexOf(none)), after.substring(0, before.indexOf(none)));
    assertEquals(0, measure("at-once", "").status());
    Invocation finer = measured("some", SMALL.replace("--surface-points 3", "--surface-points 5"));
    assertEquals(2, finer.status());
    assertTrue(
        finer.err().contains("--surface-points: expected 3, as the surfaces in "), finer.err());
    assertEquals(Files.readString(folder.resolve("at-once/sharpness.json"), UTF_8), after);
  }

  @Test
  void activationsChangeTheLossOfTheQuantizedModelAlone() throws IOException {
    assertEquals(0, measure("without", " --run " + folder.resolve("fp")).status());
    assertEquals(0, measure("with", " --activations --run " + folder.resolve("fp")).status());
    Map<String, Double> without = numbers("without");
    Map<String, Double> with = numbers("with");
    assertEquals(without.get("fp,loss"), without.get("fp,loss as trained"));
    assertEquals(without.get("fp,loss"), with.get("fp,loss"));
    assertNotEquals(without.get("squat,loss"), with.get("squat,loss"));
    assertEquals(with.get("squat,loss"), without.get("squat,loss as trained"));
    assertEquals(with.get("squat,loss"), with.get("squat,loss as trained"));
    assertEquals(curvatures("without"), curvatures("with"));
    List<String> lines = Files.readAllLines(folder.resolve("with/sharpness.csv"));
    for (String line : lines.subList(1, lines.size())) {
      boolean curvature = line.contains(",eigenvalue ") || line.contains(",smallest Ritz value,");
      assertEquals(line.contains(",squat,") && !curvature, line.contains(",true,"), line);
    }
  }

  /** The lines of sharpness.csv about the Hessian. */
  private static List<String> curvatures(String out) throws IOException {
    return Files.readAllLines(folder.resolve(out).resolve("sharpness.csv")).stream()
        .filter(line -> line.contains(",eigenvalue ") || line.contains(",smallest Ritz value,"))
        .toList();
  }

  /** Of sharpness.csv the numbers that have no scale, by method and measure. */
  private static Map<String, Double> numbers(String out) throws IOException {
    Map<String, Double> numbers = new TreeMap<>();
    for (String line : Files.readAllLines(folder.resolve(out).resolve("sharpness.csv"))) {
      List<String> cells = Splitter.on(',').splitToList(line);
      if (cells.get(cells.size() - 5).isEmpty()) {
        numbers.put(
            cells.get(1) + "," + cells.get(cells.size() - 4),
            Double.valueOf(cells.get(cells.size() - 2)));
      }
    }
    return numbers;
  }

  @Test
  void ofOneSettingAndSeedThereIsOneModel() throws IOException {
    train("squat --bits 2-8-8 --dropout 0.3", "dropout");
    Invocation others = measure("dropouts", " --run " + folder.resolve("dropout"));
    assertEquals(0, others.status(), others.err());
    List<String> lines = Files.readAllLines(folder.resolve("dropouts/sharpness.csv"));
    assertTrue(lines.stream().anyMatch(line -> line.contains("dropout 0.1")), lines.toString());
    assertTrue(lines.stream().anyMatch(line -> line.contains("dropout 0.3")), lines.toString());
    Path same = folder.resolve("same");
    copy(folder.resolve("squat"), same);
    Path variables = same.resolve("quantized/model/variables.index");
    byte[] bytes = Files.readAllBytes(variables);
    bytes[bytes.length / 2] ^= 1;
    Files.write(variables, bytes);
    Invocation twice = measure("none", " --run " + same);
    assertEquals(2, twice.status());
    assertTrue(
        twice.err().contains("expected one run of the same settings and seed, found another in "),
        twice.err());
    assertTrue(Files.notExists(folder.resolve("none")));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  @Test
  void aRunThatIsNotFinishedIsNamed() throws IOException {
    Path unfinished = folder.resolve("unfinished");
    copy(folder.resolve("squat"), unfinished);
    Files.delete(unfinished.resolve("result.json"));
    Invocation refused = measure("none", " --run " + unfinished);
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("unfinished: expected a finished run"), refused.err());
    Invocation missing = measure("none", " --run " + folder.resolve("nowhere"));
    assertEquals(2, missing.status());
    assertTrue(missing.err().contains("nowhere: expected the folder of a run"), missing.err());
  }

  @Test
  void runsAreNotWrittenInto() throws IOException {
    Map<Path, String> before = hashes(folder.resolve("squat"));
    Invocation refused = measure("squat", "");
    assertEquals(2, refused.status());
    assertTrue(
        refused.err().contains("--out: expected a folder for results, found that of a run, "),
        refused.err());
    assertEquals(before, hashes(folder.resolve("squat")));
  }

  @Test
  void aPlaceForResultsIsAFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    Invocation refused = measure("file", "");
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("file: expected a folder, found a file"), refused.err());
    assertEquals("mine", Files.readString(file));
    Invocation nothing =
        Invocation.of("sharpness --run= --data " + tiny + " --out " + folder.resolve("none"));
    assertEquals(2, nothing.status());
    assertTrue(nothing.err().contains("expected a path, found nothing"), nothing.err());
    assertTrue(Files.notExists(folder.resolve("none")));
  }

  @Test
  void rowsWithoutLabelsAreRefused() {
    Invocation refused = measure("none", " --split test");
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("--split: expected train or dev, found test"), refused.err());
  }

  @Test
  void aModelThatWasRemovedIsMissedBeforeAnythingIsMeasured() throws IOException {
    copy(folder.resolve("squat"), folder.resolve("pruned"));
    Files.delete(folder.resolve("pruned/quantized/model/variables.index"));
    Invocation refused = measure("none", " --run " + folder.resolve("pruned"));
    assertEquals(2, refused.status(), refused.err());
    assertTrue(refused.err().contains("found its scores alone"), refused.err());
    assertTrue(Files.notExists(folder.resolve("none")));
  }

  @Test
  void aModelThatCannotBeMeasuredDoesNotEndTheOthers() throws IOException {
    copy(folder.resolve("squat"), folder.resolve("broken"));
    Files.write(
        folder.resolve("broken/quantized/model/variables.data-00000-of-00001"), new byte[10]);
    Invocation some =
        Invocation.of(
            "sharpness --run "
                + folder.resolve("broken")
                + " --run "
                + folder.resolve("fp")
                + " --data "
                + tiny
                + " --out "
                + folder.resolve("partly")
                + SMALL);
    assertEquals(1, some.status(), some.err());
    assertTrue(some.err().contains("1 of 2 models could not be measured;"), some.err());
    assertTrue(some.out().contains("fp float, seed 1: loss "), some.out());
    Invocation none =
        Invocation.of(
            "sharpness --run "
                + folder.resolve("broken")
                + " --data "
                + tiny
                + " --out "
                + folder.resolve("none")
                + SMALL);
    assertEquals(1, none.status(), none.err());
    assertTrue(Files.notExists(folder.resolve("none")), "nothing was measured");
    assertTrue(Files.exists(folder.resolve("partly/lines.png")));
  }

  @Test
  void refusesRowsThatAreNotThoseOfTheRun() throws IOException {
    Path data = Files.createDirectories(folder.resolve("data/CoLA"));
    Files.writeString(data.resolve("train.tsv"), "a\t1\t\tA row.\n".repeat(20));
    Files.copy(tiny.resolve("CoLA/train.tsv"), data.resolve("dev.tsv"));
    String given =
        "sharpness --run "
            + folder.resolve("squat")
            + " --data "
            + folder.resolve("data")
            + " --out "
            + folder.resolve("none")
            + SMALL;
    Invocation other = Invocation.of(given);
    assertEquals(2, other.status());
    assertTrue(
        other
            .err()
            .contains("expected the train rows that the runs were made with, found other rows"),
        other.err());
    Invocation split = Invocation.of(given + " --split dev");
    assertEquals(2, split.status());
    assertTrue(
        split.err().contains("found their other ones; give those, or the other --split"),
        split.err());
    Invocation many =
        Invocation.of(
            "sharpness --rows 100000 --data "
                + tiny
                + " --run "
                + folder.resolve("squat")
                + " --out "
                + folder.resolve("none"));
    assertEquals(2, many.status());
    assertTrue(Files.notExists(folder.resolve("none")));
  }

  @Test
  void rowsThatTheRunDidNotTrainOnAreLeftOut() {
    train("fp --train-rows 20", "few");
    Invocation more =
        Invocation.of(
            "sharpness --rows 21 --run "
                + folder.resolve("few")
                + " --data "
                + tiny
                + " --out "
                + folder.resolve("none"));
    assertEquals(2, more.status());
    assertTrue(more.err().contains("--rows: expected 1 to 20"), more.err());
    Invocation mixed = measure("mixed", " --run " + folder.resolve("few"));
    assertEquals(2, mixed.status());
    assertTrue(mixed.err().contains("expected a run on the same rows of CoLA"), mixed.err());
  }

  private static Map<Path, String> hashes(Path run) throws IOException {
    Map<Path, String> hashes = new TreeMap<>();
    try (var files = Files.walk(run)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        hashes.put(file, Hashing.sha256().hashBytes(Files.readAllBytes(file)).toString());
      }
    }
    return hashes;
  }
}
