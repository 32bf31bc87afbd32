package io.squat.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/** Numbers of samples, and as the tables show them. */
final class Numbers {
  private Numbers() {}

  /** The mean of a sample. */
  static double mean(List<Double> sample) {
    return sample.stream().mapToDouble(Double::doubleValue).sum() / sample.size();
  }

  /** The standard deviation of a sample, by n - 1; NaN of a single number. */
  static double deviation(List<Double> sample) {
    double mean = mean(sample);
    double squares = 0;
    for (double value : sample) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / (sample.size() - 1));
  }

  /** A fraction in percent, with two digits. */
  static String percent(double fraction) {
    return Double.isNaN(fraction) ? "" : fixed(100 * fraction, 2);
  }

  /** The same with its sign. */
  static String signedPercent(double fraction) {
    String text = percent(fraction);
    return fraction > 0 && !text.equals("0.00") ? "+" + text : text;
  }

  static String fixed(double value, int digits) {
    String text = String.format(Locale.ROOT, "%." + digits + "f", value);
    // No minus in front of zeros.
    return text.matches("-[0.]+") ? text.substring(1) : text;
  }

  /** So many significant digits, without an exponent; NaN and infinity by name. */
  static String significant(double number, int digits) {
    if (number == 0) {
      return "0";
    }
    if (!Double.isFinite(number)) {
      return Double.toString(number);
    }
    BigDecimal rounded = new BigDecimal(number).round(new MathContext(digits));
    int missing = Math.max(0, digits - rounded.precision());
    return rounded.setScale(rounded.scale() + missing).toPlainString();
  }
}
