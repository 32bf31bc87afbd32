package io.squat.train;

import java.util.Arrays;
import java.util.Locale;

/**
 * How a model is trained; what moves which group of variables in which phase is in {@link Phases}.
 */
public enum Method {
  /** Plain fine-tuning in float. */
  FP(false, false, false),
  /** Weights and step sizes by the plain loss (Esser et al., arXiv 1902.08153). */
  LSQ(true, false, false),
  /** Weights and step sizes by the perturbed gradient (Liu et al., arXiv 2111.12273). */
  SAQ(true, true, false),
  /** Weights by the perturbed gradient, step sizes by the plain one, in two phases. */
  SQUAT(true, true, true);

  private final boolean quantized;
  private final boolean perturbed;
  private final boolean alternating;

  Method(boolean quantized, boolean perturbed, boolean alternating) {
    this.quantized = quantized;
    this.perturbed = perturbed;
    this.alternating = alternating;
  }

  /** Whether the model passes through quantizers. */
  public boolean quantized() {
    return quantized;
  }

  /** Whether weights are perturbed. */
  public boolean perturbed() {
    return perturbed;
  }

  /** Whether weights and step sizes have phases of their own, in an {@link Alternation}. */
  public boolean alternating() {
    return alternating;
  }

  /**
   * How often a step passes its rows forwards and backwards; what a step costs goes with it.
   *
   * @param alternation of the phases, if there are two
   */
  public double passes(Alternation alternation) {
    double extra = alternating && !alternation.within() ? 1.0 / alternation.sharpnessBatches() : 0;
    return (perturbed ? 2 : 1) + extra;
  }

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The method of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists them
   */
  public static Method of(String label) {
    return Arrays.stream(values())
        .filter(method -> method.label().equals(label.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "method: expected one of "
                        + Arrays.stream(values()).map(Method::label).toList()
                        + ", found \""
                        + label
                        + "\""));
  }
}
