package io.squat.sweep;

import io.squat.ops.Granularity;
import io.squat.train.Method;
import io.squat.train.PlainNumber;
import io.squat.train.RunSettings;
import java.util.Locale;

/**
 * The name of a run in its sweep, such as {@code squat-2-8-8-e3-lr5e-5-step0.001-rho0.01-within}:
 * all that may differ between two runs of one task, seed and sweep, and nothing else.
 */
final class RunName {
  private RunName() {}

  /** The name of a run of these settings. */
  static String of(RunSettings settings) {
    Method method = settings.method();
    StringBuilder name = new StringBuilder(method.label());
    if (method.quantized()) {
      name.append('-').append(settings.bits());
      if (settings.levels() != null) {
        name.append('-').append(settings.levels().name().toLowerCase(Locale.ROOT));
      }
      if (settings.granularity() != Granularity.TENSOR) {
        name.append('-').append(settings.granularity().name().toLowerCase(Locale.ROOT));
      }
    }
    name.append("-e").append(method.quantized() ? settings.epochs() : settings.floatEpochs());
    name.append("-lr").append(PlainNumber.of(settings.optimizer().learningRate()));
    if (method.quantized()) {
      name.append("-step").append(PlainNumber.of(settings.optimizer().stepLearningRate()));
    }
    if (method.perturbed()) {
      name.append("-rho").append(PlainNumber.of(settings.rho()));
    }
    if (method.alternating()) {
      name.append('-').append(settings.alternation().replace(":", ""));
    }
    return name.toString();
  }
}
