package io.squat.sharpness;

/**
 * How much the loss rises in the worst direction within a ball.
 *
 * <pre>
 * first    L(rho g / ||g||) - L(0),   g = dL/de at 0
 * maximum  the largest L(e) - L(0) seen on k steps of projected gradient ascent in ||e|| &lt;= rho that
 *          begin at rho g / ||g||; each goes rho along the gradient of its place
 * </pre>
 *
 * <p>Source: Foret et al., "Sharpness-Aware Minimization", ICLR 2021, equations 1 and 2. A step as
 * long as the radius needs no tuning: of a quadratic loss it is a power iteration.
 *
 * @param rho the radius
 * @param first the rise along the gradient
 * @param maximum the largest rise that was found
 */
public record EpsilonSharpness(double rho, double first, double maximum) {
  /**
   * Measures.
   *
   * @param loss the loss
   * @param origin the loss and its gradient at no displacement
   * @param rho the radius, at least 0
   * @param steps k, at least 0
   */
  static EpsilonSharpness of(Loss loss, Loss.Slope origin, double rho, int steps) {
    Weights e = origin.gradient().ofNorm(rho);
    double first = 0;
    double maximum = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < steps; i++) {
      Loss.Slope slope = loss.slope(e);
      double rise = slope.loss() - origin.loss();
      first = i == 0 ? rise : first;
      maximum = Math.max(maximum, rise);
      e = projected(e.plus(1, slope.gradient().ofNorm(rho)), rho);
    }
    double last = loss.at(e) - origin.loss();
    return new EpsilonSharpness(rho, steps == 0 ? last : first, Math.max(maximum, last));
  }

  private static Weights projected(Weights e, double rho) {
    return e.norm() > rho ? e.ofNorm(rho) : e;
  }
}
