package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Casing;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Example;
import io.squat.glue.Examples;
import io.squat.glue.GlueTask;
import io.squat.glue.Metric;
import io.squat.glue.Split;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.InputRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {
  private static final List<String> VOCABULARY =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
          "l", "m", "n", "o", "p", "q", "r", "s");
  private static final int CLS = 2;
  private static final int SEP = 3;
  private static final int FIRST_LETTER = 4;
  private static final int MAX_LENGTH = 40;
  private static final int ROWS = 29;
  private static final int BATCH = 4;

  /** Scores are about 1; what float rounding adds is some 1e-7. */
  private static final double SCORE_TOLERANCE = 1e-5;

  @TempDir Path folder;
  private Path vocabulary = Path.of("");

  @BeforeEach
  void writeVocabulary() throws IOException {
    vocabulary = Files.write(folder.resolve("vocab.txt"), VOCABULARY);
  }

  /** Texts of 1 to 13 letters. */
  private static List<String> texts(long seed) {
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>();
    for (int row = 0; row < ROWS; row++) {
      texts.add(
          random
              .ints(1 + random.nextInt(13), FIRST_LETTER, VOCABULARY.size())
              .mapToObj(VOCABULARY::get)
              .collect(Collectors.joining(" ")));
    }
    return texts;
  }

  private static Examples examples(GlueTask task, Split split, List<String> texts) {
    List<Example> rows = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++) {
      float label = split.isLabelled() ? row % 2 : Float.NaN;
      rows.add(new Example(null, texts.get(row), task.pair() ? texts.get(0) : null, label));
    }
    return new Examples(task, split, rows, 3, "5e1f");
  }

  private EncodedExamples encode(Examples examples) {
    try (WordPiece tokenizer = WordPiece.open(vocabulary, Casing.UNCASED)) {
      return tokenizer.encode(examples, MAX_LENGTH);
    }
  }

  /** The model's numbers for one text, in plain Java: no padding, one row at a time. */
  private static double[] expected(TinyClassifier model, String text, int classes) {
    List<Integer> ids = new ArrayList<>(List.of(CLS));
    for (String letter : Splitter.on(' ').split(text)) {
      ids.add(VOCABULARY.indexOf(letter));
    }
    ids.add(SEP);
    double[] numbers = new double[classes];
    for (int c = 0; c < classes; c++) {
      numbers[c] = model.bias[c];
      for (int id : ids) {
        for (int h = 0; h < TinyClassifier.HIDDEN; h++) {
          numbers[c] += model.table[id][h] * model.weight[h][c] / ids.size();
        }
      }
    }
    return numbers;
  }

  private static TinyClassifier tiny(int classes) {
    return new TinyClassifier(classes, 5).without(InputRole.SEGMENTS);
  }

  @Test
  void scoresInTheOrderOfTheFile() {
    TinyClassifier model = tiny(2).output("logits", Output.LOGITS);
    List<String> texts = texts(6);
    Examples examples = examples(GlueTask.SST2, Split.DEV, texts);
    List<Integer> progress = new ArrayList<>();
    try (Classifier classifier =
        Classifier.open(model.write(folder.resolve("m")), Classifier.Options.DEFAULT)) {
      Evaluation evaluation =
          Evaluation.of(classifier, examples, encode(examples), BATCH, progress::add);
      float[] labels = evaluation.predictions().labels();
      int correct = 0;
      for (int row = 0; row < ROWS; row++) {
        double[] numbers = expected(model, texts.get(row), 2);
        int label = numbers[1] > numbers[0] ? 1 : 0;
        assertEquals(label, labels[row], "row " + row);
        correct += label == row % 2 ? 1 : 0;
      }
      assertEquals(Map.of(Metric.ACCURACY, (double) correct / ROWS), evaluation.metrics());
      assertEquals(ROWS, evaluation.rows());
      assertEquals(3, evaluation.skippedRows());
      assertEquals("5e1f", evaluation.dataHash());
      assertTrue(evaluation.millisecondsPerSentence() > 0);
    }
    assertEquals(List.of(4, 8, 12, 16, 20, 24, 28, 29), progress);
  }

  @Test
  void givesScoresOfARegression() {
    TinyClassifier model = tiny(1).output("score", Output.SCORE);
    Examples examples = examples(GlueTask.STSB, Split.DEV, texts(7));
    try (Classifier classifier =
        Classifier.open(model.write(folder.resolve("m")), Classifier.Options.DEFAULT)) {
      Evaluation evaluation =
          Evaluation.of(classifier, examples, encode(examples), BATCH, rows -> {});
      for (int row = 0; row < ROWS; row++) {
        Example example = examples.rows().get(row);
        String text = example.textA() + " [SEP] " + example.textB();
        assertEquals(
            expected(model, text, 1)[0],
            evaluation.predictions().labels()[row],
            SCORE_TOLERANCE,
            "row " + row);
      }
      assertEquals(List.copyOf(evaluation.metrics().keySet()), GlueTask.STSB.metrics());
    }
  }

  @Test
  void predictsSplitsWithoutLabels() {
    TinyClassifier model = tiny(2).output("logits", Output.LOGITS);
    Examples labelled = examples(GlueTask.SST2, Split.DEV, texts(8));
    Examples unlabelled = examples(GlueTask.SST2, Split.TEST, texts(8));
    try (Classifier classifier =
        Classifier.open(model.write(folder.resolve("m")), Classifier.Options.DEFAULT)) {
      Evaluation dev = Evaluation.of(classifier, labelled, encode(labelled), BATCH, rows -> {});
      Evaluation test =
          Evaluation.of(classifier, unlabelled, encode(unlabelled), BATCH, rows -> {});
      assertEquals(Map.of(), test.metrics());
      assertArrayEquals(dev.predictions().labels(), test.predictions().labels());
    }
  }

  /** A token that the model does not have fails in its own batch, the last one, and not before. */
  @Test
  void warmsUpWithTheLongestRows() throws IOException {
    List<String> more = new ArrayList<>(VOCABULARY);
    more.add("z");
    Files.write(vocabulary, more);
    List<String> texts = List.of("z", "a b", "a b c", "a b c d", "a b c d e", "a b c d e f");
    Examples examples = examples(GlueTask.SST2, Split.DEV, texts);
    EncodedExamples encoded = encode(examples);
    Path model = tiny(2).output("logits", Output.LOGITS).write(folder.resolve("m"));
    List<Integer> progress = new ArrayList<>();
    try (Classifier classifier = Classifier.open(model, Classifier.Options.DEFAULT)) {
      String message =
          Failures.message(
              IllegalStateException.class,
              () -> Evaluation.of(classifier, examples, encoded, 2, progress::add));
      assertTrue(message.contains("the model fails on 2 rows of 4 tokens"), message);
    }
    assertEquals(List.of(2, 4), progress);
  }

  @Test
  void refusesATaskThatDoesNotFit() {
    Path model = tiny(3).output("logits", Output.LOGITS).write(folder.resolve("m"));
    Examples cola = examples(GlueTask.COLA, Split.DEV, texts(9));
    Examples stsb = examples(GlueTask.STSB, Split.DEV, texts(9));
    try (Classifier classifier = Classifier.open(model, Classifier.Options.DEFAULT)) {
      assertEquals(
          model
              + ": output logits: expected classes [0, 1] for task CoLA, found 3 numbers a row;"
              + " score the task that the model was trained for",
          Failures.message(
              IllegalArgumentException.class,
              () -> Evaluation.of(classifier, cola, encode(cola), BATCH, rows -> {})));
      assertEquals(
          model
              + ": output logits: expected one score for task STS-B, found 3 numbers a row; score"
              + " the task that the model was trained for",
          Failures.message(
              IllegalArgumentException.class,
              () -> Evaluation.of(classifier, stsb, encode(stsb), BATCH, rows -> {})));
    }
  }

  @Test
  void writesWhatItDocuments() {
    Predictions predictions = new Predictions(OutputKind.LOGITS, 1, 2, new float[] {1, 2});
    ObjectNode json =
        new Evaluation(
                GlueTask.MNLI,
                Split.DEV_MISMATCHED,
                1,
                2,
                "5e1f",
                Map.of(Metric.ACCURACY, 0.5),
                predictions,
                31.5,
                1L << 33)
            .json();
    assertEquals(
        "{\"task\":\"MNLI\",\"split\":\"dev_mismatched\",\"rows\":1,\"skippedRows\":2,"
            + "\"dataHash\":\"5e1f\",\"metrics\":{\"accuracy\":0.5},"
            + "\"millisecondsPerSentence\":31.5,\"peakMemoryBytes\":8589934592}",
        json.toString());
  }
}
