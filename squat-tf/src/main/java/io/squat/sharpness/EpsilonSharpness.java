package io.squat.sharpness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How much the loss rises in the worst direction within a ball.
 *
 * <pre>
 * first    L(rho g / ||g||) - L(0),   g = dL/de at 0
 * maximum  the largest L(e) - L(0) seen at 0 and on k steps of projected gradient ascent in
 *          ||e|| &lt;= rho that begin at rho g / ||g||; each goes rho along the gradient of its place
 * </pre>
 *
 * <p>Where g is exactly 0, which leaves no direction to begin with, a random one takes its place.
 *
 * <p>Source: Foret et al., "Sharpness-Aware Minimization", ICLR 2021, equations 1 and 2. A step as
 * long as the radius needs no tuning: of a quadratic loss without slope it is a power iteration of
 * the Hessian plus a multiple of the identity, so that it goes to the algebraically largest
 * eigenvalue's vector. Where activations are quantized, g is the straight-through gradient.
 *
 * @param rho the radius: the Euclidean norm of the displacement, or of it in norms of filters
 * @param first the rise along the gradient
 * @param maximum the largest rise that was found
 * @param rises at the beginning and after each step
 */
public record EpsilonSharpness(double rho, double first, double maximum, List<Double> rises) {

  /** Copies the list. */
  public EpsilonSharpness {
    rises = List.copyOf(rises);
  }

  /**
   * Measures.
   *
   * @param loss the loss
   * @param origin the loss and its gradient at no displacement
   * @param rho the radius, at least 0
   * @param steps k, at least 0
   * @param seed decides the random direction
   */
  static EpsilonSharpness of(Loss loss, Loss.Slope origin, double rho, int steps, long seed) {
    Weights gradient = origin.gradient();
    Weights start = gradient.norm() > 0 ? gradient : loss.point().gaussian(seed, 0);
    Weights e = start.ofNorm(rho);
    List<Double> rises = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      Loss.Slope slope = loss.slope(e);
      rises.add(slope.loss() - origin.loss());
      e = projected(e.plus(1, slope.gradient().ofNorm(rho)), rho);
    }
    rises.add(loss.at(e) - origin.loss());
    return new EpsilonSharpness(rho, rises.get(0), Math.max(0, Collections.max(rises)), rises);
  }

  /**
   * How much of the maximum the last step added: where it is not small, more steps would find more.
   *
   * @return 0 to 1; 0 where the last step was not the highest, or there was none
   */
  public double lastStep() {
    int last = rises.size() - 1;
    return last < 1 || maximum <= 0 || rises.get(last) < maximum
        ? 0
        : (maximum - Math.max(0, Collections.max(rises.subList(0, last)))) / maximum;
  }

  private static Weights projected(Weights e, double rho) {
    return e.norm() > rho ? e.ofNorm(rho) : e;
  }
}
