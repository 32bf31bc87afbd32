package io.squat.train;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/** AdamW step by step in plain Java and in double, at the betas as float32 holds them. */
final class PlainAdamW {
  private static final double BETA_ONE = 0.9f;
  private static final double BETA_TWO = 0.999f;

  private final double epsilon;
  private final double decay;
  private final Set<String> decaying;
  private final Map<String, double[]> first = new HashMap<>();
  private final Map<String, double[]> second = new HashMap<>();
  private int t;

  PlainAdamW(double epsilon, double decay, Set<String> decaying) {
    this.epsilon = epsilon;
    this.decay = decay;
    this.decaying = decaying;
  }

  /** One step: moves the values of the gradients' names. */
  void apply(Map<String, double[]> gradients, Map<String, double[]> values, double rate) {
    apply(gradients, values, w -> rate);
  }

  /** One step at rates that depend on the values. */
  void apply(
      Map<String, double[]> gradients, Map<String, double[]> values, DoubleUnaryOperator rateOf) {
    t++;
    double correction = Math.sqrt(1 - Math.pow(BETA_TWO, t)) / (1 - Math.pow(BETA_ONE, t));
    gradients.forEach(
        (name, g) -> {
          double[] w = requireNonNull(values.get(name), name);
          double[] m = first.computeIfAbsent(name, key -> new double[g.length]);
          double[] v = second.computeIfAbsent(name, key -> new double[g.length]);
          for (int i = 0; i < g.length; i++) {
            double rate = rateOf.applyAsDouble(w[i]);
            if (decaying.contains(name)) {
              w[i] -= rate * decay * w[i];
            }
            m[i] = BETA_ONE * m[i] + (1 - BETA_ONE) * g[i];
            v[i] = BETA_TWO * v[i] + (1 - BETA_TWO) * g[i] * g[i];
            w[i] -= rate * correction * m[i] / (Math.sqrt(v[i]) + epsilon);
          }
        });
  }

  double[] firstMoment(String name) {
    return requireNonNull(first.get(name), name);
  }

  double[] secondMoment(String name) {
    return requireNonNull(second.get(name), name);
  }
}
