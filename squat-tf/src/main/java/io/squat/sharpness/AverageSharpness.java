package io.squat.sharpness;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * How much the loss rises in random directions.
 *
 * <pre>
 * L(rho z / ||z||) - L(0),   z normally distributed, and L(-rho z / ||z||) - L(0)
 * </pre>
 *
 * <p>Both ways are as likely, so the mean over directions is the same; but the slope, which is most
 * of a rise near the point, cancels in each pair, and what is left is the curvature.
 *
 * @param rho how far
 * @param mean over the directions, both ways
 * @param deviation the sample standard deviation over directions of the mean of both ways
 * @param rises all of them: one way and the other along the first direction, then the next
 */
public record AverageSharpness(double rho, double mean, double deviation, List<Double> rises) {

  /** Copies the list. */
  public AverageSharpness {
    rises = List.copyOf(rises);
  }

  /**
   * Measures; the same directions for every rho, and for every model of the same shapes.
   *
   * @param loss the loss
   * @param origin the loss at no displacement
   * @param rhos how far
   * @param directions how many, at least 2
   * @param seed decides the directions
   */
  static List<AverageSharpness> of(
      Loss loss, double origin, List<Double> rhos, int directions, long seed) {
    List<List<Double>> rises = new ArrayList<>();
    rhos.forEach(rho -> rises.add(new ArrayList<>()));
    for (int number = 0; number < directions; number++) {
      Weights direction = loss.point().gaussian(seed, number).ofNorm(1);
      for (int i = 0; i < rhos.size(); i++) {
        rises.get(i).add(loss.at(direction.times(rhos.get(i))) - origin);
        rises.get(i).add(loss.at(direction.times(-rhos.get(i))) - origin);
      }
    }
    List<AverageSharpness> found = new ArrayList<>();
    for (int i = 0; i < rhos.size(); i++) {
      found.add(of(rhos.get(i), rises.get(i)));
    }
    return found;
  }

  private static AverageSharpness of(double rho, List<Double> rises) {
    SummaryStatistics pairs = new SummaryStatistics();
    for (int i = 0; i < rises.size(); i += 2) {
      pairs.addValue((rises.get(i) + rises.get(i + 1)) / 2);
    }
    return new AverageSharpness(rho, pairs.getMean(), pairs.getStandardDeviation(), rises);
  }
}
