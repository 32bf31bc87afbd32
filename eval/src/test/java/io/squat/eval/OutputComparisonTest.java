package io.squat.eval;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.common.primitives.Doubles;
import io.squat.eval.OutputComparison.Difference;
import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the same sums over what plain Java says that the two models give. */
class OutputComparisonTest {
  private static final int CLASSES = 3;
  private static final double TOLERANCE = 1e-6;
  private static final List<Batch> BATCHES =
      List.of(Rows.random(13, 7, 1), Rows.random(5, 9, 2), Rows.random(1, 4, 3));

  @TempDir Path folder;

  private static TinyClassifier tiny(long seed) {
    return new TinyClassifier(CLASSES, seed)
        .output("logits", Output.LOGITS)
        .output("sequence", Output.SEQUENCE)
        .output("label", Output.LABEL);
  }

  private static List<Difference> compare(Path first, Path other) {
    try (ModelOutputs a = ModelOutputs.open(first, Classifier.Options.DEFAULT);
        ModelOutputs b = ModelOutputs.open(other, Classifier.Options.DEFAULT)) {
      OutputComparison comparison = new OutputComparison(a, b);
      BATCHES.forEach(comparison::add);
      return comparison.differences();
    }
  }

  private static Map<String, Difference> byOutput(List<Difference> differences) {
    return differences.stream().collect(Collectors.toMap(Difference::output, each -> each));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void assertDifference(
      List<double[]> expected, List<double[]> found, Difference difference) {
    List<Double> cosines = new ArrayList<>();
    double squares = 0;
    double differences = 0;
    double largest = 0;
    for (int i = 0; i < expected.size(); i++) {
      double[] a = expected.get(i);
      double[] b = found.get(i);
      cosines.add(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)));
      squares += dot(a, a);
      for (int j = 0; j < a.length; j++) {
        differences += Math.pow(a[j] - b[j], 2);
        largest = Math.max(largest, Math.abs(a[j] - b[j]));
      }
    }
    assertEquals(expected.size(), difference.vectors());
    assertEquals(expected.get(0).length, difference.size());
    assertEquals(
        cosines.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
        requireNonNull(difference.meanCosine()),
        TOLERANCE);
    assertEquals(
        cosines.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
        requireNonNull(difference.leastCosine()),
        TOLERANCE);
    assertEquals(Math.sqrt(differences / squares), difference.relativeError(), TOLERANCE);
    assertEquals(largest, difference.largestDifference(), 10 * TOLERANCE);
  }

  private static List<double[]> all(Function<Batch, List<double[]>> of) {
    return BATCHES.stream().map(of).flatMap(List::stream).toList();
  }

  @Test
  void sumsAreThoseOfPlainJava() {
    TinyClassifier first = tiny(1).output("unshared", Output.POOLED);
    TinyClassifier other = tiny(2);
    Map<String, Difference> found =
        byOutput(compare(first.write(folder.resolve("a")), other.write(folder.resolve("b"))));
    assertEquals(List.of("logits", "sequence"), found.keySet().stream().sorted().toList());
    Difference sequence = requireNonNull(found.get("sequence"));
    assertDifference(all(first::expectedSequence), all(other::expectedSequence), sequence);
    assertNull(sequence.equalClasses());

    List<double[]> a = all(batch -> Arrays.asList(first.expectedLogits(batch)));
    List<double[]> b = all(batch -> Arrays.asList(other.expectedLogits(batch)));
    Difference logits = requireNonNull(found.get("logits"));
    assertDifference(a, b, logits);
    double equal = 0;
    for (int row = 0; row < a.size(); row++) {
      equal += most(a.get(row)) == most(b.get(row)) ? 1 : 0;
    }
    assertTrue(equal > 0 && equal < a.size(), "all rows are alike");
    assertEquals(equal / a.size(), logits.equalClasses());
  }

  private static int most(double[] numbers) {
    return Doubles.indexOf(numbers, Doubles.max(numbers));
  }

  @Test
  void aModelIsEqualToItself() {
    Path model = tiny(1).write(folder);
    for (Difference difference : compare(model, model)) {
      assertEquals(1, requireNonNull(difference.meanCosine()), 1e-12);
      assertEquals(1, requireNonNull(difference.leastCosine()), 1e-12);
      assertEquals(0, difference.relativeError());
      assertEquals(0, difference.largestDifference());
    }
  }

  /** The root of 3 has a square below 3, so that (1, 1, 1) seems to be longer than it is. */
  @Test
  void cosinesStayWithinTheirRange() {
    TinyClassifier ones = constant(1);
    Path same = ones.write(folder.resolve("same"));
    Path opposite = constant(-1).write(folder.resolve("opposite"));
    Difference equal = compare(same, same).get(0);
    assertEquals(1.0, equal.meanCosine());
    assertEquals(1.0, equal.leastCosine());
    Difference reversed = compare(same, opposite).get(0);
    assertEquals(-1.0, reversed.meanCosine());
    assertEquals(-1.0, reversed.leastCosine());
  }

  private static TinyClassifier constant(float logit) {
    TinyClassifier model = new TinyClassifier(CLASSES, 1).output("logits", Output.LOGITS);
    for (float[] row : model.weight) {
      Arrays.fill(row, 0);
    }
    Arrays.fill(model.bias, logit);
    return model;
  }

  /**
   * One takes 4 rows of 9 tokens and nothing else; what is padding for it alone is not compared.
   */
  @Test
  void fixedSizesArePadded() {
    Path any = tiny(1).write(folder.resolve("any"));
    Path fixed = tiny(1).fixed(4, 9).write(folder.resolve("fixed"));
    for (Difference difference : compare(any, fixed)) {
      assertEquals(0, difference.largestDifference(), TOLERANCE);
    }
  }

  @Test
  void scoresHaveNoAngle() {
    Path model = new TinyClassifier(1, 1).output("score", Output.SCORE).write(folder.resolve("a"));
    Path other = new TinyClassifier(1, 2).output("score", Output.SCORE).write(folder.resolve("b"));
    Difference difference = compare(model, other).get(0);
    assertNull(difference.meanCosine());
    assertNull(difference.equalClasses());
    assertTrue(difference.largestDifference() > 0);
  }

  @Test
  void outputsOfOtherSizesAndNames() {
    Path three = tiny(1).write(folder.resolve("three"));
    Path two =
        new TinyClassifier(2, 1).output("logits", Output.LOGITS).write(folder.resolve("two"));
    assertEquals(
        two
            + ": output logits: expected 3 numbers a row as in "
            + three
            + ", found 2 numbers a row",
        Failures.message(IllegalArgumentException.class, () -> compare(three, two)));
    Path pooled =
        new TinyClassifier(2, 1).output("pooled", Output.POOLED).write(folder.resolve("pooled"));
    assertEquals(
        pooled + ": expected an output of " + three + ", one of [logits, sequence], found [pooled]",
        Failures.message(IllegalArgumentException.class, () -> compare(three, pooled)));
    Path label =
        new TinyClassifier(2, 1).output("label", Output.LABEL).write(folder.resolve("label"));
    assertEquals(
        label
            + ": expected an output that is float32 [B], [B, C] or [B, T, H], found outputs [label"
            + " int32 [?]]",
        Failures.message(
            IllegalArgumentException.class,
            () -> {
              try (ModelOutputs none = ModelOutputs.open(label, Classifier.Options.DEFAULT)) {
                fail("opened " + none.folder());
              }
            }));
  }
}
