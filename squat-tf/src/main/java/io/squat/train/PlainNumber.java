package io.squat.train;

import java.math.BigDecimal;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;

/** Numbers of settings as a person writes them, with all their digits. */
public final class PlainNumber {
  private static final double SMALLEST_PLAIN = 1e-3;

  private PlainNumber() {}

  /** Such as 5e-5, 0.001, 3. Different numbers have different texts. */
  public static String of(double value) {
    if (value != 0 && Math.abs(value) < SMALLEST_PLAIN) {
      return new DecimalFormat(
              "0.################E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
          .format(value)
          .replace('E', 'e');
    }
    return value == 0 ? "0" : BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }
}
