package io.squat.sharpness;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * A measure of some models as a part of that of others.
 *
 * @param value the geometric mean over pairs of models; of averages the ratio of the means over the
 *     directions of all pairs
 * @param low where the spread begins
 * @param high where it ends
 * @param pairs how many there are
 * @param spread what low and high are
 */
public record Ratio(double value, double low, double high, int pairs, Spread spread) {
  /** What is said besides a value. */
  public enum Spread {
    /** From the least to the most over pairs. */
    RANGE,
    /** The 95 % interval of the geometric mean, by Student's t of the logarithms. */
    INTERVAL,
    /** The value less and more its standard error over directions. */
    STANDARD_ERROR
  }

  /**
   * Two models of one seed.
   *
   * @param ours of which a part is told
   * @param theirs the whole
   */
  public record Pair(Sharpness ours, Sharpness theirs) {}

  /** A mean of fewer standard errors is not divided by. */
  private static final double KNOWN = 2;

  private static final double UPPER = 0.975;

  /**
   * The ratio with its range over pairs; of averages with the standard error over directions.
   *
   * @return empty if there are no pairs, if a number that is divided is not positive, or if the
   *     mean of averages that is divided by is less than two of its standard errors
   */
  public static Optional<Ratio> of(List<Pair> pairs, Measure measure) {
    return of(pairs, measure, Spread.RANGE);
  }

  /**
   * The ratio with its interval; of averages as {@link #of} has it.
   *
   * @return empty where that is, or if there is one pair alone
   */
  public static Optional<Ratio> interval(List<Pair> pairs, Measure measure) {
    return pairs.size() < 2 ? Optional.empty() : of(pairs, measure, Spread.INTERVAL);
  }

  private static Optional<Ratio> of(List<Pair> pairs, Measure measure, Spread spread) {
    if (pairs.isEmpty()) {
      return Optional.empty();
    }
    Function<Sharpness, AverageSharpness> average = measure.average();
    return average == null
        ? ofNumbers(pairs, measure, spread)
        : ofAverages(
            AverageSharpness.together(
                pairs.stream().map(pair -> average.apply(pair.ours())).toList()),
            AverageSharpness.together(
                pairs.stream().map(pair -> average.apply(pair.theirs())).toList()),
            pairs.size());
  }

  private static Optional<Ratio> ofAverages(
      AverageSharpness ours, AverageSharpness theirs, int pairs) {
    if (theirs.mean() <= 0 || theirs.mean() < KNOWN * theirs.error()) {
      return Optional.empty();
    }
    double value = ours.mean() / theirs.mean();
    double error = ours.ratioError(theirs);
    return Optional.of(
        new Ratio(value, value - error, value + error, pairs, Spread.STANDARD_ERROR));
  }

  private static Optional<Ratio> ofNumbers(List<Pair> pairs, Measure measure, Spread spread) {
    SummaryStatistics logarithms = new SummaryStatistics();
    for (Pair pair : pairs) {
      double ours = measure.number().applyAsDouble(pair.ours());
      double theirs = measure.number().applyAsDouble(pair.theirs());
      if (ours <= 0 || theirs <= 0) {
        return Optional.empty();
      }
      logarithms.addValue(Math.log(ours / theirs));
    }
    double mean = logarithms.getMean();
    double low = logarithms.getMin();
    double high = logarithms.getMax();
    if (spread == Spread.INTERVAL) {
      double half =
          new TDistribution(pairs.size() - 1.0).inverseCumulativeProbability(UPPER)
              * logarithms.getStandardDeviation()
              / Math.sqrt(pairs.size());
      low = mean - half;
      high = mean + half;
    }
    return Optional.of(
        new Ratio(Math.exp(mean), Math.exp(low), Math.exp(high), pairs.size(), spread));
  }
}
