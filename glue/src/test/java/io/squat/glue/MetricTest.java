package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** Against scikit-learn and SciPy: {@code src/test/resources/metrics}. */
class MetricTest {
  /** Rounding of sums of some thousand doubles. */
  private static final double ROUNDING = 1e-12;

  @TestFactory
  List<DynamicTest> equalsScikitLearnAndScipy() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode row : Fixtures.json("metrics/metrics.json").get("cases")) {
      float[] predictions = Fixtures.floats(row.get("predictions"));
      float[] labels = Fixtures.floats(row.get("labels"));
      for (Metric metric : Metric.values()) {
        JsonNode expected = row.get("expected").get(metric.name());
        if (expected != null) {
          // Where SciPy has no value, ours is 0.
          double value = expected.isNull() ? 0 : expected.doubleValue();
          tests.add(
              DynamicTest.dynamicTest(
                  metric + ", " + row.get("name").textValue(),
                  () -> assertEquals(value, metric.value(predictions, labels), ROUNDING)));
        }
      }
    }
    assertEquals(14 * 3 + 2 + 11 * 2, tests.size());
    return tests;
  }

  @Test
  void predictionThatIsNotANumberIsNamed() {
    float[] predictions = {0, 1, Float.NaN};
    assertMessage(
        "prediction of row 2 is NaN", () -> Metric.ACCURACY.value(predictions, new float[3]));
    assertMessage(
        "prediction of row 2 is NaN", () -> Metric.PEARSON.value(predictions, new float[3]));
  }

  @Test
  void splitWithoutLabelsCannotBeScored() {
    assertMessage(
        "score a split that has labels",
        () -> Metric.ACCURACY.value(new float[1], new float[] {Float.NaN}));
  }

  @Test
  void sizesMustAgree() {
    assertMessage(
        "found 2 predictions and 3 labels", () -> Metric.F1.value(new float[2], new float[3]));
    assertMessage(
        "found 0 predictions and 0 labels", () -> Metric.F1.value(new float[0], new float[0]));
  }

  /** Of any counts, whatever their square roots are rounded to. */
  @Test
  void aPerfectPredictionIsOne() {
    for (int ones = 1; ones < 200; ones++) {
      float[] labels = new float[200];
      Arrays.fill(labels, 0, ones, 1);
      assertTrue(Metric.MATTHEWS.value(labels, labels) <= 1, ones + " of 200");
      assertEquals(1, Metric.MATTHEWS.value(labels, labels), 1e-12);
    }
  }

  @Test
  void matthewsIsForTwoClasses() {
    assertMessage(
        "found prediction 2.0 in row 1",
        () -> Metric.MATTHEWS.value(new float[] {1, 2}, new float[] {1, 0}));
    assertMessage(
        "found label 2.0 in row 0",
        () -> Metric.MATTHEWS.value(new float[] {1, 0}, new float[] {2, 0}));
  }

  private static void assertMessage(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }
}
