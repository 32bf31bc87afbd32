package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

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
 * of a rise near the point, cancels in each pair, and what is left is the curvature: of a quadratic
 * loss of N weights the mean over all directions is {@code rho^2 trace(H) / (2 N)}.
 *
 * @param rho how far: the Euclidean norm of the displacement, or of it in norms of filters
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
   * Measures; the same directions for every rho, and for every loss of the same shapes.
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

  /**
   * The directions of several together: the mean and the deviation over all of them.
   *
   * @param some at one rho, at least one of them
   */
  static AverageSharpness together(List<AverageSharpness> some) {
    return of(some.get(0).rho(), some.stream().flatMap(found -> found.rises().stream()).toList());
  }

  private static AverageSharpness of(double rho, List<Double> rises) {
    SummaryStatistics found = new SummaryStatistics();
    pairs(rises).forEach(found::addValue);
    return new AverageSharpness(rho, found.getMean(), found.getStandardDeviation(), rises);
  }

  private static List<Double> pairs(List<Double> rises) {
    List<Double> pairs = new ArrayList<>();
    for (int i = 0; i < rises.size(); i += 2) {
      pairs.add((rises.get(i) + rises.get(i + 1)) / 2);
    }
    return pairs;
  }

  /** The standard error of the mean, over directions. */
  public double error() {
    return deviation / Math.sqrt(rises.size() / 2.0);
  }

  /**
   * The standard error of the ratio of this mean to another's, over directions that both have in
   * the same order.
   *
   * <pre>
   * sqrt(sum over directions of (a_i - r b_i)^2 / (n (n - 1))) / mean(b),   r = mean(a) / mean(b)
   * </pre>
   *
   * <p>Source: Cochran, Sampling Techniques, section 2.11.
   *
   * @throws IllegalArgumentException if the other has another number of directions
   */
  public double ratioError(AverageSharpness other) {
    List<Double> ours = pairs(rises);
    List<Double> theirs = pairs(other.rises);
    int n = ours.size();
    checkArgument(theirs.size() == n, "expected %s directions, found %s", n, theirs.size());
    double ratio = mean / other.mean;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double rest = ours.get(i) - ratio * theirs.get(i);
      squares += rest * rest;
    }
    return Math.sqrt(squares / (n * (n - 1.0))) / Math.abs(other.mean);
  }
}
