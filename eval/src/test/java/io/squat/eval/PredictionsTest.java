package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class PredictionsTest {
  /** Probabilities below are given to seven digits. */
  private static final float TOLERANCE = 1e-6f;

  @Test
  void predictsTheLargestAndTheFirstOfEquals() {
    float[] values = {-3, -1, -2, 5, 5, 4, 0, 0, 7, Float.MIN_VALUE, -Float.MAX_VALUE, 0};
    assertArrayEquals(
        new float[] {1, 0, 2, 0}, new Predictions(OutputKind.CLASS_VALUES, 4, 3, values).labels());
  }

  @Test
  void turnsLogitsIntoProbabilities() {
    // exp(1), exp(2), exp(4) over their sum; the second row would overflow if taken as it is.
    float[] values = {1, 2, 4, 1001, 1002, 1004};
    Predictions predictions = new Predictions(OutputKind.LOGITS, 2, 3, values);
    float[] expected = {0.0420101f, 0.1141952f, 0.8437947f};
    assertArrayEquals(expected, predictions.probabilities(0), TOLERANCE);
    assertArrayEquals(expected, predictions.probabilities(1), TOLERANCE);
  }

  @Test
  void leavesProbabilitiesAsTheyAre() {
    float[] values = {0.25f, 0.75f, 0.5f, 0.5f};
    assertArrayEquals(
        new float[] {0.25f, 0.75f},
        new Predictions(OutputKind.PROBABILITIES, 2, 2, values).probabilities(0));
  }

  @Test
  void hasNoProbabilitiesOfScores() {
    assertEquals(
        "probabilities: expected an output named logits or probabilities, found score",
        Failures.message(
            IllegalStateException.class,
            () -> new Predictions(OutputKind.SCORE, 1, 1, new float[] {2}).probabilities(0)));
  }

  @Test
  void namesOfOtherClassesAreAnError() {
    Predictions three = new Predictions(OutputKind.LOGITS, 1, 3, new float[3]);
    assertEquals(
        "prediction: expected 2 classes, [no, yes], found 3: the labels are those of another model",
        Failures.message(
            IllegalStateException.class,
            () -> Prediction.of(three, 0, List.of("no", "yes"), false)));
    assertEquals("0", Prediction.of(three, 0, List.of(), false).label());
    Predictions score = new Predictions(OutputKind.SCORE, 1, 1, new float[] {2});
    assertEquals(
        "prediction: expected 2 classes, [no, yes], found a score: the labels are those of another"
            + " model",
        Failures.message(
            IllegalStateException.class,
            () -> Prediction.of(score, 0, List.of("no", "yes"), false)));
    assertEquals(2f, Prediction.of(score, 0, List.of(), false).score());
  }

  @Test
  void refusesSizesThatDoNotFit() {
    assertEquals(
        "predictions: expected rows x columns values, found 2 rows, 3 columns, 5 values",
        Failures.message(
            IllegalArgumentException.class,
            () -> new Predictions(OutputKind.LOGITS, 2, 3, new float[5])));
    assertEquals(
        "predictions: expected one column exactly where there are scores, found 3 columns of score",
        Failures.message(
            IllegalArgumentException.class,
            () -> new Predictions(OutputKind.SCORE, 2, 3, new float[6])));
  }
}
