package io.squat.sharpness;

/**
 * A loss around a point, as a function of the displacement of weights from it. It is a mean over
 * rows: cross entropy in nats a row, or of a regression the squared error in squares of the score.
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
   * @param gradient dL/de; the caller's own, who may change it
   */
  record Slope(double loss, Weights gradient) {}
}
