package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.eval.ModelDescription;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exports of a run of the tiny BERT, and of its exports. */
class ExportCommandTest {
  @TempDir static Path folder;

  private static Path exported;

  @BeforeAll
  static void trainAndExport() throws URISyntaxException {
    Path tiny =
        Path.of(
            Objects.requireNonNull(ExportCommandTest.class.getResource("/io/squat/train/tiny-bert"))
                .toURI());
    assertDone(
        Invocation.of(
            "train --task CoLA --bits 4-8-8 --epochs 0 --float-epochs 0 --batch 8 --max-length 24"
                + " --threads 1 --model "
                + tiny.resolve("model")
                + " --data "
                + tiny
                + " --out "
                + folder.resolve("run")));
    assertDone(export("--run " + folder.resolve("run") + " --format float", "models"));
    exported = folder.resolve("models").resolve("1");
  }

  private static Invocation export(String options, String out) {
    return Invocation.of("export " + options + " --out " + folder.resolve(out));
  }

  private static void assertDone(Invocation invocation) {
    assertEquals(0, invocation.status(), invocation.err());
  }

  private static byte[] asset(Path model, String name) throws IOException {
    return Files.readAllBytes(model.resolve("assets").resolve(name));
  }

  @Test
  void aClassifierStaysOneWhenItIsExportedAgain() throws IOException {
    assertDone(export("--model " + exported + " --format float", "again"));
    Path again = folder.resolve("again").resolve("1");
    assertArrayEquals(asset(exported, "labels.txt"), asset(again, "labels.txt"));
    assertArrayEquals(asset(exported, "vocab.txt"), asset(again, "vocab.txt"));
    ModelDescription before = ModelDescription.read(exported).orElseThrow();
    ModelDescription after = ModelDescription.read(again).orElseThrow();
    assertEquals(before.labels(), after.labels());
    assertEquals(24, after.maxLength());
    assertEquals("float", after.format());
    assertEquals(Map.of(), after.devMetrics(), "nothing was measured of it");
    String text = " --text " + "x".repeat(60).replace("x", "x-"); // 120 tokens
    Invocation predicted = Invocation.of("predict --model " + again + text);
    assertEquals(0, predicted.status(), predicted.err());
  }

  @Test
  void aVocabularyThatIsGivenIsKept() throws IOException {
    Path bare = folder.resolve("bare");
    assertDone(export("--model " + exported + " --format float", "bare"));
    Path vocabulary = bare.resolve("1/assets/vocab.txt");
    Path moved = Files.move(vocabulary, folder.resolve("vocab.txt"));
    assertDone(
        export("--model " + bare.resolve("1") + " --format float --vocab " + moved, "given"));
    assertArrayEquals(Files.readAllBytes(moved), asset(folder.resolve("given/1"), "vocab.txt"));
  }

  @Test
  void weightsAloneNeedNoTexts() {
    assertDone(
        export(
            "--model " + exported + " --format packed --compute float --bits 4-8-32", "weights"));
    Invocation texts = export("--model " + exported + " --format packed --bits 4-8-8", "without");
    assertEquals(2, texts.status());
    assertTrue(texts.err().contains("--calibration-file FILE"), texts.err());
  }

  @Test
  void bitsOfNoIntegersAreRefusedBeforeTextsAreRead() {
    Invocation export =
        export(
            "--model " + exported + " --format int8 --bits 32-32-8 --calibration-file none.tsv",
            "no-integers");
    assertEquals(2, export.status());
    assertTrue(export.err().contains("weights or embeddings of 2 to 8"), export.err());
  }

  @Test
  void aRunThatWasChangedAfterItsEndIsNotExported() throws IOException {
    Path changed = folder.resolve("changed");
    copy(folder.resolve("run"), changed);
    Path settings = changed.resolve("settings.json");
    String text = Files.readString(settings);
    Files.writeString(settings, text.replace("4-8-8", "2-8-8"));
    Invocation other = export("--run " + changed + " --format packed", "changed-out");
    assertEquals(2, other.status());
    assertTrue(
        other.err().contains("found bits 2-8-8 in settings.json and 4-8-8 in result.json"),
        other.err());
    Files.writeString(settings, text);
    Files.delete(changed.resolve("result.json"));
    Invocation without = export("--run " + changed + " --format packed", "changed-out");
    assertEquals(2, without.status());
    assertTrue(without.err().contains("found one without result.json"), without.err());
    assertTrue(Files.notExists(folder.resolve("changed-out").resolve("1")));
  }

  @Test
  void inspectListsTheSignaturesOfTheFileAndItsHash() throws Exception {
    Invocation inspect = Invocation.of("inspect --model " + exported);
    assertDone(inspect);
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    sha256.update(Files.readAllBytes(exported.resolve("saved_model.pb")));
    sha256.update(Files.readAllBytes(exported.resolve("variables/variables.index")));
    String hash = HexFormat.of().formatHex(sha256.digest());
    assertTrue(inspect.out().startsWith("sha256:  " + hash + " "), inspect.out());
    for (String signature :
        new String[] {"serving_default", "serving_int64", "serving_no_segments"}) {
      assertTrue(inspect.out().contains("  " + signature + ": input_ids int"), inspect.out());
    }
    assertTrue(inspect.out().contains("logits float [-1, 2]"), inspect.out());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
