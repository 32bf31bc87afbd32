package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * What is measured.
 *
 * @param rhos radii in which the worst direction is looked for
 * @param ascentSteps steps of the search for the maximum in a ball
 * @param averageRhos how far random directions go: much farther, since hardly any of them is steep
 * @param directions random directions that are averaged over, each both ways
 * @param eigenvalues how many eigenvalues are given
 * @param iterations products with the Hessian, at most
 * @param difference half the distance of the two gradients that a product is taken from
 * @param span how far pictures reach along random directions, in norms of the weights' filters
 * @param gradientSpan how far the picture along the gradient reaches
 * @param linePoints places along a line
 * @param surfacePoints places along each side of a surface; 0 for none
 * @param seed decides the random directions
 */
public record SharpnessSettings(
    List<Double> rhos,
    int ascentSteps,
    List<Double> averageRhos,
    int directions,
    int eigenvalues,
    int iterations,
    double difference,
    double span,
    double gradientSpan,
    int linePoints,
    int surfacePoints,
    long seed) {

  /** Checks the ranges. */
  public SharpnessSettings {
    rhos = distances("rho", rhos);
    averageRhos = distances("average-rho", averageRhos);
    atLeast("ascent-steps", ascentSteps, 0);
    atLeast("directions", directions, 2);
    atLeast("eigenvalues", eigenvalues, 1);
    atLeast("iterations", iterations, eigenvalues);
    positive("difference", difference);
    positive("span", span);
    positive("gradient-span", gradientSpan);
    odd("line-points", linePoints);
    if (surfacePoints != 0) {
      odd("surface-points", surfacePoints);
    }
  }

  /** The same with another number of places along each side of a surface. */
  SharpnessSettings withSurfacePoints(int points) {
    return new SharpnessSettings(
        rhos,
        ascentSteps,
        averageRhos,
        directions,
        eigenvalues,
        iterations,
        difference,
        span,
        gradientSpan,
        linePoints,
        points,
        seed);
  }

  private static List<Double> distances(String name, List<Double> distances) {
    checkArgument(!distances.isEmpty(), "%s: expected at least one number, found none", name);
    distances.forEach(distance -> positive(name, distance));
    return List.copyOf(distances);
  }

  private static void positive(String name, double value) {
    checkArgument(
        value > 0 && Double.isFinite(value), "%s: expected more than 0, found %s", name, value);
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
