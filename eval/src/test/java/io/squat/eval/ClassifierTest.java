package io.squat.eval;

import static io.squat.eval.Failures.message;
import static io.squat.eval.Failures.refusal;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Batch;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.SavedModelReader.Choice;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierTest {
  private static final int CLASSES = 3;
  private static final int BATCH = 13;
  private static final int LENGTH = 7;

  /** The logits' standard deviation is about 2; what float rounding adds is some 1e-6. */
  private static final double TOLERANCE = 1e-5;

  @TempDir Path folder;

  private static TinyClassifier tiny() {
    return new TinyClassifier(CLASSES, 1);
  }

  @MustBeClosed
  private static Classifier open(Path model) {
    return Classifier.open(model, Classifier.Options.DEFAULT);
  }

  private static Classifier.Options named(Map<InputRole, String> inputs) {
    return new Classifier.Options(new Choice(null, null, inputs), Device.AUTO, 0);
  }

  private static Classifier.Options chosen(Choice choice) {
    return new Classifier.Options(choice, Device.AUTO, 0);
  }

  private static void assertLogits(TinyClassifier model, Batch batch, Predictions found) {
    double[][] expected = model.expectedLogits(batch);
    assertEquals(batch.rows(), found.rows());
    assertEquals(expected[0].length, found.columns());
    for (int row = 0; row < expected.length; row++) {
      for (int c = 0; c < expected[row].length; c++) {
        assertEquals(expected[row][c], found.row(row)[c], TOLERANCE, "row " + row + " class " + c);
      }
    }
  }

  @Test
  void givesTheLogitsOfPlainJava() {
    TinyClassifier model =
        tiny().output("logits", Output.LOGITS).output("sequence_output", Output.SEQUENCE);
    Batch batch = Rows.random(BATCH, LENGTH, 2);
    try (Classifier classifier = open(model.write(folder))) {
      Predictions predictions = classifier.predict(batch);
      assertLogits(model, batch, predictions);
      assertEquals(OutputKind.LOGITS, predictions.kind());
      assertEquals("logits", classifier.outputName());
      assertEquals(OptionalInt.empty(), classifier.maxLength());
      assertLogits(model, Rows.random(2, 11, 3), classifier.predict(Rows.random(2, 11, 3)));
    }
  }

  @Test
  void feedsInt64() {
    TinyClassifier model = tiny().int64().output("logits", Output.LOGITS);
    Batch batch = Rows.random(BATCH, LENGTH, 4);
    try (Classifier classifier = open(model.write(folder))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
  }

  @Test
  void readsVariables() {
    TinyClassifier model = tiny().variables().output("logits", Output.LOGITS);
    Batch batch = Rows.random(BATCH, LENGTH, 5);
    try (Classifier classifier = open(model.write(folder))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
  }

  @Test
  void needsNoSegments() {
    TinyClassifier model = tiny().without(InputRole.SEGMENTS).output("logits", Output.LOGITS);
    Batch batch = Rows.random(BATCH, LENGTH, 6);
    try (Classifier classifier = open(model.write(folder))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
  }

  @Test
  void findsTheInputsOfOtherExporters() {
    TinyClassifier model =
        tiny()
            .input(InputRole.MASK, "attention_mask")
            .input(InputRole.SEGMENTS, "token_type_ids")
            .output("logits", Output.LOGITS);
    Batch batch = Rows.random(BATCH, LENGTH, 7);
    try (Classifier classifier = open(model.write(folder))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
  }

  @Test
  void takesNamesOfInputs() {
    TinyClassifier model = tiny().input(InputRole.IDS, "x").output("logits", Output.LOGITS);
    Batch batch = Rows.random(BATCH, LENGTH, 8);
    try (Classifier classifier =
        Classifier.open(model.write(folder), named(Map.of(InputRole.IDS, "x")))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
  }

  @Test
  void padsToAFixedLengthAndBatch() {
    TinyClassifier model = tiny().fixed(5, 9).output("logits", Output.LOGITS);
    try (Classifier classifier = open(model.write(folder))) {
      assertEquals(OptionalInt.of(9), classifier.maxLength());
      for (int rows : new int[] {1, 4, 5, 6, BATCH}) {
        Batch batch = Rows.random(rows, LENGTH, rows);
        assertLogits(model, batch, classifier.predict(batch));
      }
      assertEquals(
          folder
              + ": expected rows of at most 9 tokens, found one of 10; encode with --max-length 9",
          message(IllegalArgumentException.class, () -> classifier.predict(Rows.random(2, 10, 1))));
    }
  }

  @Test
  void findsProbabilitiesAmongOtherOutputs() {
    TinyClassifier model =
        tiny()
            .output("label", Output.LABEL)
            .output("probabilities", Output.PROBABILITIES)
            .output("sequence_output", Output.SEQUENCE);
    Batch batch = Rows.random(BATCH, LENGTH, 9);
    try (Classifier classifier = open(model.write(folder))) {
      Predictions predictions = classifier.predict(batch);
      assertEquals(OutputKind.PROBABILITIES, predictions.kind());
      double[] logits = model.expectedLogits(batch)[4];
      double sum = Math.exp(logits[0]) + Math.exp(logits[1]) + Math.exp(logits[2]);
      for (int c = 0; c < CLASSES; c++) {
        assertEquals(Math.exp(logits[c]) / sum, predictions.probabilities(4)[c], TOLERANCE);
      }
    }
  }

  @Test
  void takesTheOnlyMatrixAsClasses() {
    TinyClassifier model = tiny().output("dense_3", Output.LOGITS).output("label", Output.LABEL);
    Batch batch = Rows.random(BATCH, LENGTH, 10);
    try (Classifier classifier = open(model.write(folder))) {
      Predictions predictions = classifier.predict(batch);
      assertEquals(OutputKind.CLASS_VALUES, predictions.kind());
      assertEquals("dense_3", classifier.outputName());
      assertLogits(model, batch, predictions);
    }
  }

  @Test
  void givesScoresOfEitherRank() {
    Batch batch = Rows.random(BATCH, LENGTH, 11);
    TinyClassifier vector = new TinyClassifier(1, 2).output("score", Output.SCORE);
    TinyClassifier column = new TinyClassifier(1, 3).output("logits", Output.LOGITS);
    for (TinyClassifier model : new TinyClassifier[] {vector, column}) {
      try (Classifier classifier = open(model.write(folder.resolve("m" + model.hashCode())))) {
        Predictions predictions = classifier.predict(batch);
        assertEquals(OutputKind.SCORE, predictions.kind());
        assertLogits(model, batch, predictions);
        assertArrayEquals(predictions.values(), predictions.labels());
      }
    }
  }

  @Test
  void takesTheChosenSignatureAndTags() {
    TinyClassifier model =
        tiny().signatures("first", "second").tag("gpu").output("logits", Output.LOGITS);
    Path written = model.write(folder);
    Batch batch = Rows.random(BATCH, LENGTH, 12);
    try (Classifier classifier =
        Classifier.open(written, chosen(new Choice(null, "second", Map.of())))) {
      assertLogits(model, batch, classifier.predict(batch));
    }
    assertEquals(
        folder
            + ": expected a signature serving_default, found [first, second]; choose one by"
            + " --signature",
        refusal(written, Classifier.Options.DEFAULT));
    assertEquals(
        folder + ": expected a graph with tags [cpu], found [[gpu]]; choose one by --tags",
        refusal(written, chosen(new Choice(Set.of("cpu"), "first", Map.of()))));
  }

  @Test
  void refusesAnEncoder() {
    tiny().output("pooled_output", Output.POOLED).output("seq", Output.SEQUENCE).write(folder);
    assertEquals(
        folder
            + ": expected a classifier's output, one named logits, probabilities or score, or one"
            + " alone of float32 [B, C], found outputs [pooled_output float [?, 5], seq float [?,"
            + " ?, 5]]; an encoder must be trained for a task first",
        refusal(folder, Classifier.Options.DEFAULT));
  }

  @Test
  void refusesClassesOfTokens() {
    Path alone = folder.resolve("alone");
    tiny().output("logits", Output.SEQUENCE).write(alone);
    assertEquals(
        alone
            + ": expected a classifier's output, one named logits, probabilities or score, or one"
            + " alone of float32 [B, C], found outputs [logits float [?, ?, 5]]; an encoder must be"
            + " trained for a task first",
        refusal(alone, Classifier.Options.DEFAULT));
    Path others = folder.resolve("others");
    tiny().output("logits", Output.SEQUENCE).output("dense", Output.LOGITS).write(others);
    String message = refusal(others, Classifier.Options.DEFAULT);
    assertTrue(
        message.contains("found outputs [dense float [?, 3], logits float [?, ?, 5]]"), message);
  }

  /** Without a row or a token nothing can be run. */
  @Test
  void refusesInputsOfNothing() {
    for (int[] sizes : new int[][] {{0, -1}, {-1, 0}}) {
      Path model = folder.resolve("m" + sizes[0]);
      tiny().fixed(sizes[0], sizes[1]).output("logits", Output.LOGITS).write(model);
      assertEquals(
          model
              + ": input input_ids: expected [B, T] with sizes of at least 1, or -1 for any, found ["
              + sizes[0]
              + ", "
              + sizes[1]
              + "]",
          refusal(model, Classifier.Options.DEFAULT));
    }
  }

  /** A signature of a fixed length is filled up as a batch is. */
  @Test
  void missingColumnsArePadding() {
    Batch batch =
        new Batch(
            2,
            3,
            new int[] {4, 5, 6, 7, 9, 9},
            new int[] {1, 1, 1, 1, 0, 0},
            new int[] {0, 1, 1, 0, 0, 0},
            new float[2],
            new int[] {0, 1},
            9);
    assertArrayEquals(
        new int[] {7, 9, 9, 9, 7, 9, 9, 9}, input(InputRole.IDS).values(batch, 1, 2, 4));
    assertArrayEquals(
        new int[] {1, 1, 1, 0, 1, 0, 0, 0}, input(InputRole.MASK).values(batch, 0, 2, 4));
    assertArrayEquals(
        new int[] {0, 1, 1, 0, 0, 0, 0, 0}, input(InputRole.SEGMENTS).values(batch, 0, 2, 4));
  }

  private static SignatureInput input(InputRole role) {
    return new SignatureInput(role, "x", "x:0", false, SignatureInput.ANY, SignatureInput.ANY);
  }

  @Test
  void refusesTwoOutputsThatCouldBeTheClasses() {
    tiny().output("a", Output.LOGITS).output("b", Output.POOLED).write(folder);
    String message = refusal(folder, Classifier.Options.DEFAULT);
    assertTrue(message.contains("found outputs [a float [?, 3], b float [?, 5]]"), message);
  }

  @Test
  void refusesInputsThatItCannotFeed() {
    Path noMask = folder.resolve("no-mask");
    tiny().without(InputRole.MASK).output("logits", Output.LOGITS).write(noMask);
    assertEquals(
        noMask
            + ": expected an input named one of [input_mask, attention_mask, mask, padding_mask],"
            + " found inputs [input_ids, segment_ids]; name it by --signature-input mask=NAME",
        refusal(noMask, Classifier.Options.DEFAULT));
    Path odd = folder.resolve("odd");
    tiny().input(InputRole.SEGMENTS, "positions").output("logits", Output.LOGITS).write(odd);
    assertEquals(
        odd + ": expected inputs for ids, mask and segments alone, found other inputs [positions]",
        refusal(odd, Classifier.Options.DEFAULT));
    assertEquals(
        odd
            + ": expected an input named types, found inputs [input_ids, input_mask, positions];"
            + " name it by --signature-input segments=NAME",
        refusal(odd, named(Map.of(InputRole.SEGMENTS, "types"))));
  }

  @Test
  void namesTheRowThatIsNotANumber() {
    tiny().output("logits", Output.NOT_A_NUMBER).write(folder);
    try (Classifier classifier = open(folder)) {
      assertEquals(
          folder + ": output logits: expected finite numbers, found NaN for row 0",
          message(
              IllegalStateException.class, () -> classifier.predict(Rows.random(2, LENGTH, 1))));
    }
  }

  @Test
  void refusesAnOutputOfOtherRows() {
    tiny().output("logits", Output.FEWER_ROWS).write(folder);
    try (Classifier classifier = open(folder)) {
      assertEquals(
          folder + ": output logits: expected float32 [4, C] or [4], found DT_FLOAT [3, 3]",
          message(
              IllegalStateException.class, () -> classifier.predict(Rows.random(4, LENGTH, 1))));
    }
  }

  @Test
  void tellsInOneLineWhatTensorFlowSays() {
    tiny().output("logits", Output.LOGITS).write(folder);
    Batch batch = Rows.random(1, LENGTH, 1);
    batch.ids()[3] = TinyClassifier.VOCABULARY;
    try (Classifier classifier = open(folder)) {
      String message = message(IllegalStateException.class, () -> classifier.predict(batch));
      assertTrue(message.startsWith(folder + ": the model fails on 1 rows of 7 tokens: "), message);
      assertTrue(message.contains("indices[0,3] = 23 is not in [0, 23)"), message);
      assertTrue(
          message.endsWith("; the model's vocabulary has 23 entries: give its own by --vocab"),
          message);
    }
  }

  @Test
  void refusesANegativeNumberOfThreads() {
    assertEquals(
        "threads: expected a number of at least 0 (0: all cores), found -2",
        message(
            IllegalArgumentException.class,
            () -> new Classifier.Options(Choice.DEFAULT, Device.CPU, -2)));
  }
}
