package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The four methods step by step in plain Java and in double, on {@link PlainModel}. */
final class PlainTraining {
  private static final double EPSILON = 1e-8;
  private static final double MIN_STEP = 1e-6f;

  final Map<String, double[]> values = new TreeMap<>();
  int clippedUpdates;
  int clampedSteps;
  int updates;

  private final PlainModel model;
  private final OptimizerSettings settings;
  private final double rho;
  private final PlainAdamW weightsOptimizer;
  private final PlainAdamW stepsOptimizer;

  PlainTraining(
      PlainModel model, OptimizerSettings settings, double rho, Map<String, float[]> start) {
    this.model = model;
    this.settings = settings;
    this.rho = rho;
    start.forEach((name, value) -> values.put(name, doubles(value)));
    weightsOptimizer =
        new PlainAdamW(
            EPSILON,
            settings.weightDecay(),
            Set.of(SmallModel.TABLE, SmallModel.KERNEL, PlainModel.HEAD_KERNEL));
    stepsOptimizer = new PlainAdamW(EPSILON, 0, Set.of());
  }

  /** Trains on a batch at rates and returns its loss before the update. */
  double train(Method method, Alternation alternation, Batch batch, double factor) {
    PlainModel.Gradients plain = model.gradients(batch, values, Map.of());
    PlainModel.Gradients moving =
        switch (method) {
          case FP, LSQ -> plain;
          case SAQ, SQUAT -> model.gradients(batch, values, ascent(plain));
        };
    moveWeights(moving, factor);
    switch (method) {
      case FP -> {}
      case LSQ, SAQ -> moveSteps(moving, factor);
      case SQUAT -> {
        if (alternation.within()) {
          moveSteps(plain, factor);
        }
      }
    }
    return plain.loss();
  }

  /** The step-size phase on a batch of its own. */
  double trainSteps(Batch batch, double factor) {
    PlainModel.Gradients plain = model.gradients(batch, values, Map.of());
    moveSteps(plain, factor);
    return plain.loss();
  }

  private Map<String, double[]> ascent(PlainModel.Gradients plain) {
    double norm = norm(plain.quantized().values());
    Map<String, double[]> e = new HashMap<>();
    plain.quantized().forEach((name, g) -> e.put(name, scaled(g, rho / (norm + 1e-12))));
    return e;
  }

  private void moveWeights(PlainModel.Gradients gradients, double factor) {
    Map<String, double[]> moved = new TreeMap<>(gradients.latent());
    moved.keySet().removeIf(name -> name.endsWith(PlainModel.STEP));
    double norm = norm(moved.values());
    if (norm > settings.clip()) {
      clippedUpdates++;
      moved.replaceAll((name, g) -> scaled(g, settings.clip() / norm));
    }
    updates++;
    weightsOptimizer.apply(moved, values, factor * settings.learningRate());
  }

  private void moveSteps(PlainModel.Gradients gradients, double factor) {
    Map<String, double[]> moved = new TreeMap<>(gradients.latent());
    moved.keySet().removeIf(name -> !name.endsWith(PlainModel.STEP));
    stepsOptimizer.apply(moved, values, step -> factor * settings.stepLearningRate() * step);
    for (String name : moved.keySet()) {
      double[] steps = requireNonNull(values.get(name), name);
      for (int i = 0; i < steps.length; i++) {
        if (steps[i] < MIN_STEP) {
          steps[i] = MIN_STEP;
          clampedSteps++;
        }
      }
    }
  }

  static double norm(Collection<double[]> tensors) {
    double sum = 0;
    for (double[] tensor : tensors) {
      for (double value : tensor) {
        sum += value * value;
      }
    }
    return Math.sqrt(sum);
  }

  private static double[] scaled(double[] tensor, double factor) {
    double[] scaled = tensor.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= factor;
    }
    return scaled;
  }

  static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
