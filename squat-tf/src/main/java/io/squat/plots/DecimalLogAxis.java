package io.squat.plots;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.axis.ValueTick;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;

/**
 * A logarithmic axis with ticks that a reader expects: powers of ten; over few of them also their
 * doubles and fives; within a part of one, more of their multiples, or finer round numbers.
 */
final class DecimalLogAxis extends LogAxis {
  private static final long serialVersionUID = 1;

  private static final int MANY_DECADES = 3;
  private static final int FEWEST_TICKS = 3;
  private static final List<List<Integer>> DIGITS =
      List.of(List.of(1, 2, 5), List.of(1, 2, 3, 4, 5, 7));

  DecimalLogAxis(String label) {
    super(label);
    setSmallestValue(Double.MIN_NORMAL);
  }

  @Override
  public List<ValueTick> refreshTicks(
      Graphics2D graphics, AxisState state, Rectangle2D area, RectangleEdge edge) {
    boolean upright = RectangleEdge.isLeftOrRight(edge);
    List<ValueTick> ticks = new ArrayList<>();
    for (double value : values(getRange().getLowerBound(), getRange().getUpperBound())) {
      ticks.add(
          new NumberTick(
              value,
              Drawing.tick(value),
              upright ? TextAnchor.CENTER_RIGHT : TextAnchor.TOP_CENTER,
              upright ? TextAnchor.CENTER_RIGHT : TextAnchor.TOP_CENTER,
              0));
    }
    return ticks;
  }

  /** Where ticks stand between two positive numbers: at least three. */
  static List<Double> values(double low, double high) {
    if (Math.log10(high / low) > MANY_DECADES) {
      return decimals(low, high, List.of(1));
    }
    for (List<Integer> digits : DIGITS) {
      List<Double> values = decimals(low, high, digits);
      if (values.size() >= FEWEST_TICKS) {
        return values;
      }
    }
    return even(low, high);
  }

  /** Digits times powers of ten between two positive numbers. */
  static List<Double> decimals(double low, double high, List<Integer> digits) {
    List<Double> values = new ArrayList<>();
    for (int power = (int) Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (int digit : digits) {
        // Of a decimal fraction's text: the nearest number, 0.2 and not 0.2 and a bit.
        double value = Double.parseDouble(digit + "e" + power);
        if (value >= low && value <= high) {
          values.add(value);
        }
      }
    }
    return values;
  }

  /** Multiples of the widest round distance that has enough of them. */
  private static List<Double> even(double low, double high) {
    int power = (int) Math.floor(Math.log10(high - low));
    List<Double> values = List.of();
    for (; values.size() < FEWEST_TICKS; power--) {
      for (int digit : new int[] {5, 2, 1}) {
        if (values.size() < FEWEST_TICKS) {
          values = multiples(low, high, BigDecimal.valueOf(digit).scaleByPowerOfTen(power));
        }
      }
    }
    return values;
  }

  private static List<Double> multiples(double low, double high, BigDecimal step) {
    List<Double> values = new ArrayList<>();
    double value = 0;
    for (long i = (long) Math.ceil(low / step.doubleValue()); value <= high; i++) {
      value = step.multiply(BigDecimal.valueOf(i)).doubleValue();
      if (value >= low && value <= high) {
        values.add(value);
      }
    }
    return values;
  }
}
