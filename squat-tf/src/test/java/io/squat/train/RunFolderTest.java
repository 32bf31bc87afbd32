package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.files.RecordFiles;
import io.squat.ops.Granularity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {
  private static final RunSettings SETTINGS = TestRun.settings(Method.SQUAT, "within", 3);

  @TempDir Path folder;
  private Path root;
  private RunFolder run;

  @BeforeEach
  void name() {
    root = folder.resolve("run");
    run = new RunFolder(root);
  }

  private void open(RunSettings settings) {
    run.open(settings, TinyBert.folder().resolve("saved_model.pb"), TinyBert.vocabulary());
  }

  private String refusal(RunSettings settings) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> open(settings)).getMessage());
    assertTrue(message.startsWith(root.toString()), message);
    assertTrue(message.contains("--out"), message);
    return message;
  }

  @Test
  void beginsAndGoesOnWithTheSameSettings() throws IOException {
    open(SETTINGS);
    assertEquals(SETTINGS, run.settings());
    assertEquals(
        -1,
        Files.mismatch(
            TinyBert.folder().resolve("saved_model.pb"), run.encoder().resolve("saved_model.pb")));
    assertEquals(-1, Files.mismatch(TinyBert.vocabulary(), run.vocabulary()));
    open(SETTINGS);
    assertEquals(SETTINGS, run.settings());
  }

  @Test
  void pruningTakesTheQuantizedVariablesOfAFinishedRunAndNothingElse() throws IOException {
    open(SETTINGS);
    List<Path> variables = new ArrayList<>();
    for (String stage : List.of(StageSettings.FLOAT, StageSettings.QUANTIZED)) {
      Path model = Files.createDirectories(root.resolve(stage).resolve("model"));
      for (String name :
          List.of("variables.index", "variables.data-00000-of-00001", "scores.json", "x.txt")) {
        Path file = Files.writeString(model.resolve(name), "x");
        if (stage.equals(StageSettings.QUANTIZED) && name.startsWith("variables.")) {
          variables.add(file);
        }
      }
    }
    List<Path> before = files();
    run.prune();
    assertEquals(before, files());
    Files.writeString(run.result(), "{}");
    List<Path> kept = new ArrayList<>(files());
    kept.removeAll(variables);
    run.prune();
    assertEquals(kept, files());
    assertEquals(before.size() + 1 - 2, kept.size());
    run.prune();
    assertEquals(kept, files());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void namesEverySettingThatDiffersAndNoOther() {
    open(SETTINGS);
    String message = refusal(TestRun.settings(Method.LSQ, "batches:2", 4));
    assertTrue(message.contains("method \"SQUAT\" there and \"LSQ\" wanted"), message);
    assertTrue(message.contains("alternation \"within\" there and \"batches:2\" wanted"), message);
    assertTrue(message.contains("seed 3 there and 4 wanted"), message);
    assertFalse(message.contains("optimizer"), message);
    assertEquals(SETTINGS, run.settings());
  }

  @Test
  void settingsOfBeforeThereWasAGranularityAreOfTensors() throws IOException {
    open(SETTINGS);
    Path file = root.resolve("settings.json");
    String text = Files.readString(file);
    String older = text.replace("  \"granularity\" : \"TENSOR\",\n", "");
    assertNotEquals(text, older);
    Files.writeString(file, older);
    assertEquals(SETTINGS, run.settings());
    open(SETTINGS);
    String message = refusal(TestRun.settings(Method.SQUAT, Granularity.CHANNEL, "within", 3));
    assertTrue(message.contains("granularity \"TENSOR\" there and \"CHANNEL\" wanted"), message);
  }

  /** One run, whether its levels are named or left to the widths. */
  @Test
  void levelsThatTheWidthsHaveByDefaultAreNoSettingOfTheirOwn() throws IOException {
    open(SETTINGS);
    Path file = root.resolve("settings.json");
    String text = Files.readString(file);
    Files.writeString(file, text.replace("\"levels\" : null", "\"levels\" : \"FULL\""));
    assertEquals(SETTINGS, run.settings());
    Files.writeString(file, text.replace("\"levels\" : null", "\"levels\" : \"SYMMETRIC\""));
    assertNotEquals(SETTINGS, run.settings());
  }

  /** Hours of training would end in a model that TensorFlow does not find. */
  @Test
  void refusesANameThatTensorFlowReadsAsAPattern() {
    RunFolder pattern = new RunFolder(root.resolve("runs[cola]"));
    assertTrue(
        String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> pattern.check(SETTINGS))
                    .getMessage())
            .contains("runs[cola]: expected a path without * ? [ and \\, which TensorFlow reads"));
  }

  @Test
  void refusesAFinishedRun() {
    open(SETTINGS);
    RecordFiles.write(run.result(), List.of());
    assertTrue(refusal(SETTINGS).contains("finished"));
  }

  @Test
  void refusesForeignFiles() throws IOException {
    Files.createDirectories(root);
    Files.writeString(root.resolve("thesis.txt"), "mine");
    assertTrue(refusal(SETTINGS).contains("other files"));
    assertEquals("mine", Files.readString(root.resolve("thesis.txt")));
    assertFalse(Files.exists(run.encoder()));
  }

  @Test
  void refusesAFile() throws IOException {
    Files.writeString(root, "mine");
    refusal(SETTINGS);
    assertEquals("mine", Files.readString(root));
  }

  /** A run that was killed before its settings were there is begun again. */
  @ParameterizedTest
  @ValueSource(strings = {"encoder/saved_model.pb", "assets/vocab.txt", ".part-settings.json"})
  void beginsAgainAfterAKill(String leftover) throws IOException {
    Files.createDirectories(root.resolve(leftover).getParent());
    Files.writeString(root.resolve(leftover), "cut o");
    open(SETTINGS);
    assertEquals(SETTINGS, run.settings());
    assertEquals(-1, Files.mismatch(TinyBert.vocabulary(), run.vocabulary()));
  }

  @Test
  void saysWhatAFolderLacksThatIsNoRun() {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, run::settings).getMessage());
    assertTrue(message.contains(root.toString()) && message.contains("settings.json"), message);
  }
}
