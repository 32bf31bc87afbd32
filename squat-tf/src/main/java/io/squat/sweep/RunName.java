package io.squat.sweep;

import io.squat.ops.Granularity;
import io.squat.train.Method;
import io.squat.train.RunSettings;
import java.math.BigDecimal;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;

/**
 * The name of a run in its sweep, such as {@code squat-2-8-8-e3-lr5e-5-step0.001-rho0.01-within}:
 * all that may differ between two runs of one task, seed and sweep, and nothing else.
 */
final class RunName {
  /** Smaller ones are written with an exponent. */
  private static final double SMALLEST_PLAIN = 1e-3;

  private RunName() {}

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
    name.append("-lr").append(number(settings.optimizer().learningRate()));
    if (method.quantized()) {
      name.append("-step").append(number(settings.optimizer().stepLearningRate()));
    }
    if (method.perturbed()) {
      name.append("-rho").append(number(settings.rho()));
    }
    if (method == Method.SQUAT) {
      name.append('-').append(settings.alternation().replace(":", ""));
    }
    return name.toString();
  }

  private static String number(double value) {
    if (value == 0) {
      return "0";
    }
    return value < SMALLEST_PLAIN
        ? new DecimalFormat("0.################E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
            .format(value)
            .replace('E', 'e')
        : BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }
}
