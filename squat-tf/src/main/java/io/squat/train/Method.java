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
   * How often rows are passed forwards and backwards; what steps cost goes with it.
   *
   * @param alternation of the phases, if there are two
   * @param times how often the weights are moved by each of the rows
   * @return whole where it is whole
   */
  public double passes(Alternation alternation, int times) {
    double extra =
        alternating && !alternation.within() ? (double) times / alternation.sharpnessBatches() : 0;
    return (perturbed ? 2 : 1) * times + extra;
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
