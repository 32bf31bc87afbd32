package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import java.util.HashSet;
import java.util.List;

/**
 * What is measured. Radii and distances are Euclidean norms of the displacement of all weights
 * together, of adaptive measures in norms of the weights' filters.
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
 * @param seed decides the random directions, with the seed of the run
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
    Landscape.checkPoints("line-points", linePoints);
  }

  /**
   * What decides the random directions of a model: those that are compared have the same, and seeds
   * of runs have directions of their own, so that what differs over seeds has the directions' part.
   *
   * @param runSeed the seed of the model's run
   */
  public long directionSeed(long runSeed) {
    return Hashing.murmur3_128().newHasher().putLong(seed).putLong(runSeed).hash().asLong();
  }

  private static List<Double> distances(String name, List<Double> distances) {
    checkArgument(!distances.isEmpty(), "%s: expected at least one number, found none", name);
    distances.forEach(distance -> positive(name, distance));
    checkArgument(
        new HashSet<>(distances).size() == distances.size(),
        "%s: expected each number once, found %s",
        name,
        distances);
    return List.copyOf(distances);
  }

  private static void positive(String name, double value) {
    checkArgument(
        value > 0 && Double.isFinite(value),
        "%s: expected a finite number above 0, found %s",
        name,
        value);
  }

  private static void atLeast(String name, int value, int least) {
    checkArgument(value >= least, "%s: expected at least %s, found %s", name, least, value);
  }
}
