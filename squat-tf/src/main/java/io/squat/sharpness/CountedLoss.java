package io.squat.sharpness;

import io.squat.train.Progress;
import java.util.Locale;

/**
 * A loss whose passes through the model are counted: a gradient is as much as three of them. It is
 * a number everywhere, or the measurement ends.
 */
final class CountedLoss implements Loss {
  private static final int SLOPE = 3;

  private final Loss loss;
  private final Progress.Work work;

  CountedLoss(Loss loss, Progress.Work work) {
    this.loss = loss;
    this.work = work;
  }

  /**
   * How many passes all measures take, at most.
   *
   * @param slopes how many losses have a gradient at the point
   */
  static long passes(SharpnessSettings settings, int slopes) {
    long rhos = settings.rhos().size();
    long measures =
        SLOPE
                * (rhos * settings.ascentSteps()
                    + 2L * (settings.iterations() + settings.eigenvalues()))
            + rhos
            + 2L * settings.averageRhos().size() * settings.directions();
    return (long) SLOPE * slopes + 2 * measures + 2L * settings.linePoints();
  }

  @Override
  public Weights point() {
    return loss.point();
  }

  @Override
  public double at(Weights displacement) {
    double found = loss.at(displacement);
    requireNumber(found, displacement);
    work.step(1);
    return found;
  }

  @Override
  public Slope slope(Weights displacement) {
    Slope found = loss.slope(displacement);
    requireNumber(found.loss(), displacement);
    work.step(SLOPE);
    return found;
  }

  private static void requireNumber(double found, Weights displacement) {
    if (!Double.isFinite(found)) {
      double norm = displacement.norm();
      throw new IllegalStateException(
          "the loss of these rows is "
              + found
              + (norm == 0
                  ? " at the trained weights; expected a number: the model cannot be measured"
                  : String.format(
                      Locale.ROOT,
                      " where weights are displaced by %.3g; try smaller radii",
                      norm)));
    }
  }
}
