package io.squat.sharpness;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * How much the loss rises in random directions.
 *
 * <pre>
 * L(rho z / ||z||) - L(0),   z normally distributed
 * </pre>
 *
 * @param rho how far
 * @param mean over the directions
 * @param deviation the sample standard deviation over the directions
 */
public record AverageSharpness(double rho, double mean, double deviation) {

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
    List<SummaryStatistics> rises = new ArrayList<>();
    rhos.forEach(rho -> rises.add(new SummaryStatistics()));
    for (int number = 0; number < directions; number++) {
      Weights direction = loss.point().gaussian(seed, number).ofNorm(1);
      for (int i = 0; i < rhos.size(); i++) {
        rises.get(i).addValue(loss.at(direction.times(rhos.get(i))) - origin);
      }
    }
    List<AverageSharpness> found = new ArrayList<>();
    for (int i = 0; i < rhos.size(); i++) {
      SummaryStatistics rise = rises.get(i);
      found.add(new AverageSharpness(rhos.get(i), rise.getMean(), rise.getStandardDeviation()));
    }
    return found;
  }
}
