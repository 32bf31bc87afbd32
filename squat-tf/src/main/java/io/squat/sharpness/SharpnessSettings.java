package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * What is measured.
 *
 * @param rhos radii, and distances of random directions
 * @param ascentSteps steps of the search for the maximum in a ball
 * @param directions random directions that are averaged over
 * @param eigenvalues how many eigenvalues are given
 * @param iterations products with the Hessian, at most
 * @param difference half the distance of the two gradients that a product is taken from
 * @param span how far pictures reach from the point, in lengths of their directions
 * @param linePoints places along a line
 * @param surfacePoints places along each side of a surface
 * @param seed decides the random directions
 */
public record SharpnessSettings(
    List<Double> rhos,
    int ascentSteps,
    int directions,
    int eigenvalues,
    int iterations,
    double difference,
    double span,
    int linePoints,
    int surfacePoints,
    long seed) {

  /** Checks the ranges. */
  public SharpnessSettings {
    rhos = List.copyOf(rhos);
    checkArgument(!rhos.isEmpty(), "rho: expected at least one number, found none");
    for (double rho : rhos) {
      checkArgument(rho > 0 && Double.isFinite(rho), "rho: expected more than 0, found %s", rho);
    }
    atLeast("ascent-steps", ascentSteps, 0);
    atLeast("directions", directions, 2);
    atLeast("eigenvalues", eigenvalues, 1);
    atLeast("iterations", iterations, eigenvalues);
    checkArgument(
        difference > 0 && Double.isFinite(difference),
        "difference: expected more than 0, found %s",
        difference);
    checkArgument(span > 0 && Double.isFinite(span), "span: expected more than 0, found %s", span);
    odd("line-points", linePoints);
    odd("surface-points", surfacePoints);
  }

  private static void atLeast(String name, int value, int least) {
    checkArgument(value >= least, "%s: expected at least %s, found %s", name, least, value);
  }

  /** So that the point itself is in the middle. */
  private static void odd(String name, int value) {
    checkArgument(
        value >= 3 && value % 2 == 1, "%s: expected an odd number from 3, found %s", name, value);
  }
}
