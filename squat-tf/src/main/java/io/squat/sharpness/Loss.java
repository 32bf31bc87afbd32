package io.squat.sharpness;

/**
 * A loss around a point, as a function of the displacement of weights from it.
 *
 * <pre>
 * L(e) = loss at w + e
 * </pre>
 */
public interface Loss {
  /** The weights w that a displacement is added to. */
  Weights point();

  /** L(e). */
  double at(Weights displacement);

  /** L(e) and its gradient there. */
  Slope slope(Weights displacement);

  /**
   * A loss and its gradient at one place.
   *
   * @param loss L(e)
   * @param gradient dL/de
   */
  record Slope(double loss, Weights gradient) {}
}
