package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Batch;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.VariableGroup;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The gradients of the whole tiny BERT in float against central differences of its loss. */
class WholeModelGradientTest {
  /** What the loss is to change by along a direction: far above the float32 rounding of 1e-7. */
  private static final double CHANGE = 2e-2;

  private static final double LONGEST_STEP = 0.1;
  private static final double RELATIVE_TOLERANCE = 0.01;

  /** The rounding of two losses of about 1. */
  private static final double LOSS_ROUNDING = 4e-7;

  private final ModelGraph model = TinyBert.model();
  private final Batch batch = TinyBert.batch(2);
  private final Map<String, float[]> weights = TinyBert.weights(model, 3);
  private final PhaseRunner runner =
      new PhaseRunner(
          model,
          Quantization.NONE,
          Method.FP,
          Alternation.WITHIN,
          OptimizerSettings.DEFAULT,
          weights);
  private final List<String> names = runner.names(VariableGroup.WEIGHTS);
  private final Map<String, float[]> gradients = gradients();

  @AfterEach
  void close() {
    runner.close();
  }

  private Map<String, float[]> gradients() {
    List<float[]> found =
        runner.fetch(
            batch,
            runner.training.gradients(
                "test", runner.training.model().variables(VariableGroup.WEIGHTS)));
    Map<String, float[]> byName = new TreeMap<>();
    for (int i = 0; i < names.size(); i++) {
      byName.put(names.get(i), found.get(i));
    }
    return byName;
  }

  @Test
  void allWeightsAlongTheGradient() {
    assertEquals(model.variables().size(), names.size());
    assertDerivative("the gradient", gradients);
  }

  @Test
  void allWeightsAlongRandomDirections() {
    Random random = new Random(5);
    for (int draw = 0; draw < 4; draw++) {
      Map<String, float[]> direction = new TreeMap<>();
      gradients.forEach((name, g) -> direction.put(name, mixed(random, g)));
      assertDerivative("random direction " + draw, direction);
    }
  }

  /** Each variable alone, so that a small one is not lost among the large ones. */
  @Test
  void everyVariableAlongARandomDirection() {
    Random random = new Random(6);
    int checked = 0;
    for (String name : names) {
      float[] g = requireNonNull(gradients.get(name), name);
      // A bias of keys moves all scores of a query alike, which softmax does not see.
      if (norm(Map.of(name, g)) > 100 * LOSS_ROUNDING) {
        assertDerivative(name, Map.of(name, mixed(random, g)));
        checked++;
      }
    }
    assertEquals(names.size() - 2, checked, "all but the biases of the keys of two layers");
  }

  /** Some of the gradient's elements, and something everywhere: where it may be wrongly zero. */
  private static float[] mixed(Random random, float[] g) {
    double noise = 0.5 * norm(Map.of("", g)) / Math.sqrt(g.length);
    float[] mixed = new float[g.length];
    for (int i = 0; i < g.length; i++) {
      mixed[i] = (random.nextBoolean() ? g[i] : 0) + (float) (noise * random.nextGaussian());
    }
    return mixed;
  }

  private static double norm(Map<String, float[]> tensors) {
    return PlainTraining.norm(tensors.values().stream().map(PlainTraining::doubles).toList());
  }

  private void assertDerivative(String what, Map<String, float[]> direction) {
    double norm = norm(direction);
    double expected = 0;
    for (Map.Entry<String, float[]> entry : direction.entrySet()) {
      float[] g = requireNonNull(gradients.get(entry.getKey()));
      for (int i = 0; i < g.length; i++) {
        expected += g[i] * (double) entry.getValue()[i] / norm;
      }
    }
    double h = Math.min(LONGEST_STEP, CHANGE / Math.abs(expected));
    double found = (lossAt(direction, h / norm) - lossAt(direction, -h / norm)) / (2 * h);
    double tolerance = RELATIVE_TOLERANCE * Math.abs(expected) + LOSS_ROUNDING / h;
    assertTrue(tolerance < Math.abs(expected) / 10, what + ": " + expected + " is too small");
    assertEquals(expected, found, tolerance, what);
  }

  private double lossAt(Map<String, float[]> direction, double factor) {
    direction.forEach(
        (name, d) -> {
          float[] moved = requireNonNull(weights.get(name), name).clone();
          for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (factor * d[i]);
          }
          runner.set(name, moved);
        });
    double loss = runner.loss(batch);
    direction.keySet().forEach(name -> runner.set(name, requireNonNull(weights.get(name), name)));
    return loss;
  }
}
