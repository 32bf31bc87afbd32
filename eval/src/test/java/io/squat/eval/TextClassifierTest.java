package io.squat.eval;

import static io.squat.eval.Failures.message;
import static io.squat.eval.TinyText.LABELS;
import static io.squat.eval.TinyText.TEXTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Batch;
import io.squat.glue.Casing;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextClassifierTest {
  /** Probabilities differ by some 0.1 between texts; float rounding adds some 1e-6. */
  private static final double TOLERANCE = 1e-5;

  @TempDir Path folder;

  private static TinyClassifier tiny() {
    return new TinyClassifier(LABELS.size(), 1)
        .output("logits", Output.LOGITS)
        .output("label", Output.LABEL);
  }

  private TinyClassifier written() {
    TinyClassifier model = tiny();
    model.write(folder);
    TinyText.vocabulary(folder);
    TinyText.description(folder, LABELS, Casing.UNCASED, 128);
    return model;
  }

  private static TextClassifier.Options chosen(TextFormat.Choice text) {
    return new TextClassifier.Options(text, Classifier.Options.DEFAULT, 4);
  }

  static void assertPrediction(double[] expected, List<String> labels, Prediction found) {
    int best = TinyText.argMax(expected);
    assertEquals(labels.get(best), found.label());
    assertNotNull(found.probability());
    assertEquals(expected[best], found.probability(), TOLERANCE);
    assertEquals(labels, List.copyOf(found.probabilities().keySet()));
    for (int c = 0; c < expected.length; c++) {
      assertEquals(expected[c], found.probabilities().getOrDefault(labels.get(c), -1f), TOLERANCE);
    }
    assertNull(found.score());
  }

  @Test
  void givesTheAnswersOfPlainJavaInTheOrderOfTheTexts() {
    TinyClassifier model = written();
    try (TextClassifier classifier =
        TextClassifier.open(folder, chosen(TextFormat.Choice.DEFAULT))) {
      List<Prediction> found = classifier.predict(TEXTS);
      assertEquals(TEXTS.size(), found.size());
      for (int row = 0; row < TEXTS.size(); row++) {
        double[] expected = TinyText.probabilities(model, TEXTS.get(row), null);
        assertPrediction(expected, LABELS, found.get(row));
        assertPrediction(expected, LABELS, classifier.predict(TEXTS.get(row)));
        assertFalse(found.get(row).truncated());
      }
    }
  }

  @Test
  void optionsAreChosenOneByOne() {
    Path vocabulary = TinyText.vocabulary(folder);
    assertEquals(
        new TextClassifier.Options(
            new TextFormat.Choice(vocabulary, null, 16),
            new Classifier.Options(SavedModelReader.Choice.DEFAULT, Device.AUTO, 1),
            4),
        TextClassifier.Options.DEFAULT
            .withMaxLength(16)
            .withVocabulary(vocabulary)
            .withThreads(1)
            .withBatchSize(4));
  }

  @Test
  void judgesPairsTogether() {
    TinyClassifier model = written();
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      double[] expected = TinyText.probabilities(model, "it rains", "the cat is wet");
      assertPrediction(expected, LABELS, classifier.predict("It rains", "The cat is wet"));
      List<Prediction> found =
          classifier.predictPairs(
              List.of(new TextPair("wet", "a mat"), new TextPair("it rains", "the cat is wet")));
      assertPrediction(TinyText.probabilities(model, "wet", "a mat"), LABELS, found.get(0));
      assertPrediction(expected, LABELS, found.get(1));
    }
  }

  @Test
  void givesAScoreForRegression() {
    TinyClassifier model = new TinyClassifier(1, 2).output("score", Output.SCORE);
    model.write(folder);
    TinyText.vocabulary(folder);
    TinyText.description(folder, List.of(), Casing.UNCASED, 128);
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      Prediction found = classifier.predict("the cat sat");
      double expected =
          model.expectedLogits(TinyText.row("the cat sat", null, Casing.CASED, 99))[0][0];
      assertNotNull(found.score());
      assertEquals(expected, found.score(), TOLERANCE);
      assertEquals(new Prediction(null, null, Map.of(), found.score(), false), found);
    }
  }

  @Test
  void namesClassesByIndexWhereTheModelHasNoNames() {
    TinyClassifier model = tiny();
    model.write(folder);
    TinyText.vocabulary(folder);
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      assertEquals(128, classifier.maxLength());
      assertPrediction(
          TinyText.probabilities(model, "a cat", null),
          List.of("0", "1", "2"),
          classifier.predict("a cat"));
    }
  }

  @Test
  void takesCasingAndLengthOfTheModelUnlessOthersAreChosen() {
    TinyClassifier model = tiny();
    model.write(folder);
    Path vocabulary = TinyText.vocabulary(folder);
    TinyText.description(folder, LABELS, Casing.CASED, 5);
    String text = "The book was Read by me";
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      Prediction found = classifier.predict(text);
      assertEquals(5, classifier.maxLength());
      assertPrediction(
          TinyText.softmax(model.expectedLogits(TinyText.row(text, null, Casing.CASED, 5))[0]),
          LABELS,
          found);
      assertTrue(found.truncated());
      assertFalse(classifier.predict("The book was").truncated());
    }
    Path moved = TinyText.write(folder.resolve("elsewhere.txt"), read(vocabulary));
    TextFormat.Choice other = new TextFormat.Choice(moved, Casing.UNCASED, 7);
    try (TextClassifier classifier = TextClassifier.open(folder, chosen(other))) {
      assertPrediction(
          TinyText.softmax(model.expectedLogits(TinyText.row(text, null, Casing.UNCASED, 7))[0]),
          LABELS,
          classifier.predict(text));
    }
  }

  @Test
  void cutsToTheSignaturesOwnLengthUnlessAnotherIsChosen() {
    TinyClassifier model = tiny().fixed(3, 6);
    model.write(folder);
    TinyText.vocabulary(folder);
    String text = "a cat sat on the mat";
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      assertEquals(6, classifier.maxLength());
      assertPrediction(
          TinyText.softmax(model.expectedLogits(TinyText.row(text, null, Casing.UNCASED, 6))[0]),
          List.of("0", "1", "2"),
          classifier.predict(text));
    }
    TextFormat.Choice longer = new TextFormat.Choice(null, null, 8);
    try (TextClassifier classifier = TextClassifier.open(folder, chosen(longer))) {
      assertEquals(
          folder
              + ": expected rows of at most 6 tokens, found one of 8; encode with --max-length 6",
          message(IllegalArgumentException.class, () -> classifier.predict(text)));
    }
  }

  @Test
  void batchesByLength() {
    RecordingPredictor predictor = new RecordingPredictor();
    try (TextClassifier classifier = assembled(predictor, 3)) {
      List<Prediction> found = classifier.predict(TEXTS);
      assertEquals(
          List.of("3 x 12", "3 x 8", "3 x 4", "1 x 2"),
          predictor.shapes,
          "rows x tokens, longest first");
      for (int row = 0; row < TEXTS.size(); row++) {
        int tokens = TinyText.row(TEXTS.get(row), null, Casing.UNCASED, 128).length();
        assertEquals(tokens, found.get(row).score());
      }
    }
  }

  @Test
  void threadsGetWhatOneGets() throws Exception {
    written();
    try (TextClassifier classifier =
        TextClassifier.open(folder, chosen(TextFormat.Choice.DEFAULT))) {
      List<Prediction> alone = classifier.predict(TEXTS);
      Prediction one = classifier.predict(TEXTS.get(3));
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<?>> done = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          boolean list = i % 2 == 0;
          done.add(
              threads.submit(
                  () -> {
                    if (list) {
                      assertEquals(alone, classifier.predict(TEXTS));
                    } else {
                      assertEquals(one, classifier.predict(TEXTS.get(3)));
                    }
                  }));
        }
        for (Future<?> task : done) {
          task.get(1, TimeUnit.MINUTES);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void aClassifierOfTokensIsSafeFromThreadsToo() throws Exception {
    TinyClassifier model = written();
    Batch batch = Rows.random(13, 7, 3);
    Batch other = Rows.random(5, 11, 4);
    try (Classifier classifier = Classifier.open(folder, Classifier.Options.DEFAULT)) {
      float[] expected = classifier.predict(batch).values();
      float[] expectedOther = classifier.predict(other).values();
      assertEquals(model.expectedLogits(batch)[4][1], expected[4 * 3 + 1], TOLERANCE);
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<?>> done = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
          boolean first = i % 2 == 0;
          done.add(
              threads.submit(
                  () ->
                      assertTrue(
                          Arrays.equals(
                              first ? expected : expectedOther,
                              classifier.predict(first ? batch : other).values()))));
        }
        for (Future<?> task : done) {
          task.get(1, TimeUnit.MINUTES);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // how it closes is what is tested
  void closingWaitsForPredictionsThatRunAndEndsTheOthers() throws Exception {
    RecordingPredictor predictor = new RecordingPredictor();
    predictor.entered = new CountDownLatch(1);
    predictor.leave = new CountDownLatch(1);
    TextClassifier classifier = assembled(predictor, 32);
    FutureTask<Prediction> running = new FutureTask<>(() -> classifier.predict("wet"));
    new Thread(running).start();
    assertTrue(predictor.entered.await(1, TimeUnit.MINUTES));
    Thread closing = new Thread(classifier::close);
    closing.start();
    awaitWaiting(closing);
    FutureTask<Prediction> late = new FutureTask<>(() -> classifier.predict("late"));
    Thread lateThread = new Thread(late);
    lateThread.start();
    awaitWaiting(lateThread);
    assertFalse(predictor.closed);
    predictor.leave.countDown();
    assertEquals(3, running.get(1, TimeUnit.MINUTES).score());
    closing.join(TimeUnit.MINUTES.toMillis(1));
    assertTrue(predictor.closed);
    ExecutionException refused =
        assertThrows(ExecutionException.class, () -> late.get(1, TimeUnit.MINUTES));
    assertInstanceOf(IllegalStateException.class, refused.getCause());
    assertEquals(
        "fake: this classifier is closed; open it again to predict",
        message(IllegalStateException.class, () -> classifier.predict(List.of())));
    classifier.close();
    assertEquals(1, predictor.timesClosed);
  }

  /** Until a thread waits for a lock. */
  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      assertTrue(thread.isAlive());
      Thread.onSpinWait();
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // how it closes is what is tested
  void closesTheTokenizerWithTheModelAndWhenTheModelDoesNotOpen() {
    WordPiece words = WordPiece.open(TinyText.vocabulary(folder), Casing.UNCASED);
    RecordingPredictor predictor = new RecordingPredictor();
    TextClassifier.assemble(words, () -> predictor, 9, true, List.of(), null, 2).close();
    assertTrue(predictor.closed);
    assertThrows(IllegalStateException.class, () -> words.encode(List.of("wet"), null, 9));

    WordPiece left = WordPiece.open(TinyText.vocabulary(folder), Casing.UNCASED);
    IllegalArgumentException broken = new IllegalArgumentException("broken");
    assertEquals(
        broken,
        assertThrows(
            IllegalArgumentException.class,
            () ->
                TextClassifier.assemble(
                        left,
                        () -> {
                          throw broken;
                        },
                        9,
                        true,
                        List.of(),
                        null,
                        2)
                    .close()));
    assertThrows(IllegalStateException.class, () -> left.encode(List.of("wet"), null, 9));
  }

  @Test
  void listsOfNothingGiveNothingAndNullsAreNamed() {
    written();
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      assertEquals(List.of(), classifier.predict(List.of()));
      assertEquals(List.of(), classifier.predictPairs(List.of()));
      assertEquals(
          "predict: expected a text at index 2, found null",
          message(
              IllegalArgumentException.class,
              () -> classifier.predict(Arrays.asList("a", "b", null))));
      assertEquals(
          "predict: expected a pair at index 0, found null",
          message(
              IllegalArgumentException.class,
              () -> classifier.predictPairs(Collections.singletonList(null))));
      assertEquals(
          "predict: expected a list of texts, found null",
          message(IllegalArgumentException.class, () -> classifier.predict(nothing(List.of()))));
      assertEquals(
          "predict: expected a text, found null",
          message(IllegalArgumentException.class, () -> classifier.predict(nothing(""))));
      assertEquals(
          "pair: expected a textPair, found null",
          message(IllegalArgumentException.class, () -> classifier.predict("a", nothing(""))));
    }
  }

  /** Null where the compiler expects something, as from a program without null checks. */
  @SuppressWarnings({"NullAway", "unused"})
  private static <T> T nothing(T like) {
    return null;
  }

  @Test
  void refusesWhatCannotBeOpened() {
    tiny().write(folder);
    Path vocabulary = folder.resolve("assets").resolve("vocab.txt");
    assertEquals(
        vocabulary
            + ": expected a WordPiece vocabulary, found no such file; give one by --vocab FILE",
        refusal(TextFormat.Choice.DEFAULT));
    assertEquals(
        "expected a maximum length of at least 3 tokens, found 2",
        refusal(new TextFormat.Choice(TinyText.vocabulary(folder), null, 2)));
    TinyText.description(folder, List.of("yes", "no", "yes"), Casing.UNCASED, 9);
    assertEquals(
        folder + ": squat.json: expected different labels, found [yes, no, yes]",
        refusal(TextFormat.Choice.DEFAULT));
    TinyText.write(folder.resolve("assets").resolve("squat.json"), "{");
    assertTrue(
        refusal(TextFormat.Choice.DEFAULT).contains("squat.json: expected a model's description"));
    assertEquals(
        "expected a batch size of at least 1, found 0",
        message(
            IllegalArgumentException.class,
            () ->
                new TextClassifier.Options(
                    TextFormat.Choice.DEFAULT, Classifier.Options.DEFAULT, 0)));
  }

  @Test
  void refusesClassesWhoseNumbersAreUnknown() {
    new TinyClassifier(3, 1).output("dense", Output.LOGITS).write(folder);
    TinyText.vocabulary(folder);
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      assertEquals(
          "probabilities: expected an output named logits or probabilities, found class values",
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
    }
  }

  @Test
  void predictionsHoldEitherAClassOrAScore() {
    assertThrows(
        IllegalArgumentException.class, () -> new Prediction(null, null, Map.of(), null, false));
    assertThrows(
        IllegalArgumentException.class, () -> new Prediction("a", 1f, Map.of("a", 1f), 2f, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Prediction("b", 1f, Map.of("a", 1f), null, false));
  }

  /** A description as an export writes it, before its fields are changed. */
  private static String description(String maxLength, String last) {
    return "{\"task\": \"CoLA\", \"labels\": [\"no\", \"maybe\", \"yes\"], \"casing\": \"UNCASED\","
        + " \"format\": \"float\", \"dataHash\": \"5e1f\", \"devMetrics\": {}, \"versions\": {}"
        + maxLength
        + last
        + "}";
  }

  /** The message with which a description is refused, less the file, which it starts with. */
  private String incomplete(String json) {
    Path file = TinyText.write(folder.resolve("assets").resolve("squat.json"), json);
    String message = refusal(TextFormat.Choice.DEFAULT);
    assertTrue(message.startsWith(file + ": "), message);
    return message.substring((file + ": ").length());
  }

  @Test
  void aDescriptionSaysWhatIsMissingInIt() {
    tiny().write(folder);
    TinyText.vocabulary(folder);
    String settings = ", \"settings\": {}";
    String length = ", \"maxLength\": 128";
    assertEquals(
        "expected a model's description with all of its fields, found none of [settings] among"
            + " [task, labels, casing, format, dataHash, devMetrics, versions, maxLength]; export"
            + " the model again",
        incomplete(description(length, "")));
    assertTrue(
        incomplete(description("", settings)).contains("found none of [maxLength] among [task,"));
    for (String found : List.of("0", "2", "-128", "12.5", "\"128\"", "1e99")) {
      String message = incomplete(description(", \"maxLength\": " + found, settings));
      assertTrue(message.startsWith("expected a maxLength of at least 3 tokens, found "), message);
    }
    String unknown = ", \"settings\": {\"task\": \"SQuAD\"}";
    String message = incomplete(description(length, unknown));
    assertTrue(message.startsWith("settings: task: unknown task \"SQuAD\"; expected"), message);
    for (String other : List.of("[]", "7", "null", "")) {
      message = incomplete(other);
      assertTrue(message.startsWith("expected a model's description with all of"), message);
    }
  }

  @Test
  void fieldsOfALaterExportAreIgnored() {
    TinyClassifier model = tiny();
    model.write(folder);
    TinyText.vocabulary(folder);
    TinyText.write(
        folder.resolve("assets").resolve("squat.json"),
        description(", \"maxLength\": 64", ", \"settings\": {\"new\": 1}, \"newer\": {\"a\": []}"));
    try (TextClassifier classifier = TextClassifier.open(folder)) {
      assertEquals(64, classifier.maxLength());
      assertPrediction(
          TinyText.probabilities(model, "a cat", null), LABELS, classifier.predict("a cat"));
    }
  }

  private String refusal(TextFormat.Choice text) {
    return Failures.refusal(
        IllegalArgumentException.class, () -> TextClassifier.open(folder, chosen(text)));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the classifier closes it
  private TextClassifier assembled(Predictor predictor, int batch) {
    return assembled(predictor, null, batch);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the classifier closes it
  private TextClassifier assembled(Predictor predictor, @Nullable Boolean pair, int batch) {
    return TextClassifier.assemble(
        WordPiece.open(TinyText.vocabulary(folder), Casing.UNCASED),
        () -> predictor,
        128,
        true,
        List.of(),
        pair,
        batch);
  }

  @Test
  void textsAreAsTheModelWasTrained() {
    try (TextClassifier pairs = assembled(new RecordingPredictor(), true, 2);
        TextClassifier single = assembled(new RecordingPredictor(), false, 2)) {
      IllegalArgumentException one =
          assertThrows(IllegalArgumentException.class, () -> pairs.predict("wet"));
      assertTrue(
          String.valueOf(one.getMessage()).contains("expected two texts a row"), one.toString());
      IllegalArgumentException two =
          assertThrows(IllegalArgumentException.class, () -> single.predict("wet", "rain"));
      assertTrue(
          String.valueOf(two.getMessage()).contains("expected one text a row"), two.toString());
      assertEquals(1, pairs.predictPairs(List.of(new TextPair("wet", "rain"))).size());
      assertEquals(1, single.predict(List.of("wet")).size());
    }
  }

  /** Answers with the number of a row's tokens; may wait while it predicts. */
  private static final class RecordingPredictor implements Predictor {
    final List<String> shapes = new ArrayList<>();
    volatile boolean closed;
    int timesClosed;
    @Nullable CountDownLatch entered;
    @Nullable CountDownLatch leave;

    @Override
    public String name() {
      return "fake";
    }

    @Override
    public OptionalInt maxLength() {
      return OptionalInt.empty();
    }

    @Override
    public Predictions predict(Batch batch) {
      shapes.add(batch.rows() + " x " + batch.length());
      if (entered != null && leave != null) {
        entered.countDown();
        try {
          assertTrue(leave.await(1, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      float[] tokens = new float[batch.rows()];
      for (int i = 0; i < batch.mask().length; i++) {
        tokens[i / batch.length()] += batch.mask()[i];
      }
      return new Predictions(OutputKind.SCORE, batch.rows(), 1, tokens);
    }

    @Override
    public void close() {
      closed = true;
      timesClosed++;
    }
  }
}
