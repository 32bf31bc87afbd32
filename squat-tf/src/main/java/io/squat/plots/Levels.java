package io.squat.plots;

import com.google.common.primitives.Doubles;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Paint;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.axis.ValueTick;
import org.jfree.chart.renderer.PaintScale;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;
import org.jspecify.annotations.Nullable;

/**
 * Heights at which fields of a figure change their colour, low ones light: the same for all of
 * them. They are round numbers on a logarithmic scale, from a hundredth of what the lowest of the
 * fields reaches to what the highest one does, so that one that is much steeper than the others
 * leaves them their contours. Where a field is below zero that is a height, too, and below it there
 * is another colour.
 */
final class Levels implements PaintScale {
  private static final Color BELOW_ZERO = new Color(0xFDD0A2);
  private static final double LOWEST = 0.01;
  private static final int MANY_DECADES = 3;
  private static final List<Integer> DIGITS = List.of(1, 2, 3, 5);
  private static final List<Integer> FEW_DIGITS = List.of(1, 3);

  private final List<Double> heights;
  private final boolean sinks;

  Levels(List<Field> fields) {
    double[] reached = fields.stream().mapToDouble(Field::highest).filter(x -> x > 0).toArray();
    // Of fields that rise nowhere any scale says so.
    double highest = Arrays.stream(reached).max().orElse(1);
    double lowest = LOWEST * Arrays.stream(reached).min().orElse(1);
    this.heights = new ArrayList<>();
    this.sinks = fields.stream().anyMatch(field -> field.lowest() < 0);
    if (sinks) {
      heights.add(0.0);
    }
    heights.addAll(
        DecimalLogAxis.decimals(
            lowest, highest, Math.log10(highest / lowest) > MANY_DECADES ? FEW_DIGITS : DIGITS));
  }

  /** Where the contours are, rising. */
  List<Double> heights() {
    return heights;
  }

  @Override
  public double getLowerBound() {
    return heights.get(0);
  }

  @Override
  public double getUpperBound() {
    return heights.get(heights.size() - 1);
  }

  @Override
  public Paint getPaint(double height) {
    // What is no number lies above all levels: there the loss has diverged.
    return ofBand((int) heights.stream().filter(level -> !(height < level)).count());
  }

  /** The colour between two levels; of band 0 below the first. */
  private Color ofBand(int band) {
    if (sinks && band == 0) {
      return BELOW_ZERO;
    }
    double up = (double) band / heights.size();
    Color color = Look.shade(1 - up, 0).color();
    // The lightest is nearly white, for labels and for paper.
    double light = 0.6 * (1 - up);
    return new Color(
        lighter(color.getRed(), light),
        lighter(color.getGreen(), light),
        lighter(color.getBlue(), light));
  }

  /** The colours side by side, each as wide as 1. */
  PaintScale bands() {
    return new PaintScale() {
      @Override
      public double getLowerBound() {
        return 0;
      }

      @Override
      public double getUpperBound() {
        return heights.size() + 1.0;
      }

      @Override
      public Paint getPaint(double place) {
        return ofBand(Math.min((int) place, heights.size()));
      }
    };
  }

  /** An axis for the bands, with the levels where one changes to the next. */
  NumberAxis axis(String label) {
    return new BandAxis(label, heights);
  }

  /** An axis whose ticks are those of a list, at 1, 2 and so on. */
  private static final class BandAxis extends NumberAxis {
    private static final long serialVersionUID = 1;

    private final double[] values;

    BandAxis(String label, List<Double> values) {
      super(label);
      this.values = Doubles.toArray(values);
      setRange(0, values.size() + 1.0);
    }

    @Override
    public List<ValueTick> refreshTicks(
        Graphics2D graphics, AxisState state, Rectangle2D area, RectangleEdge edge) {
      List<ValueTick> ticks = new ArrayList<>();
      for (int i = 0; i < values.length; i++) {
        ticks.add(
            new NumberTick(
                i + 1.0, Drawing.tick(values[i]), TextAnchor.TOP_CENTER, TextAnchor.TOP_CENTER, 0));
      }
      return ticks;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return super.equals(other)
          && other instanceof BandAxis axis
          && Arrays.equals(values, axis.values);
    }

    @Override
    public int hashCode() {
      return 31 * super.hashCode() + Arrays.hashCode(values);
    }
  }

  private static int lighter(int part, double light) {
    return (int) Math.round(part + light * (255 - part));
  }

  /**
   * The line on which a field has a height: in each cell between the edges that it crosses.
   *
   * <p>Source: marching squares; in a saddle the mean of the corners tells which belong together.
   */
  static Path2D line(Field field, double height) {
    Path2D line = new Path2D.Double();
    for (int row = 0; row + 1 < field.y().size(); row++) {
      for (int column = 0; column + 1 < field.x().size(); column++) {
        cell(line, field, row, column, height);
      }
    }
    return line;
  }

  private static void cell(Path2D line, Field field, int row, int column, double height) {
    double[] x = {
      field.x().get(column),
      field.x().get(column + 1),
      field.x().get(column + 1),
      field.x().get(column)
    };
    double[] y = {
      field.y().get(row), field.y().get(row), field.y().get(row + 1), field.y().get(row + 1)
    };
    double[] corners = {
      field.heights().get(row).get(column),
      field.heights().get(row).get(column + 1),
      field.heights().get(row + 1).get(column + 1),
      field.heights().get(row + 1).get(column)
    };
    List<double[]> crossings = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int next = (i + 1) % 4;
      if (corners[i] < height != corners[next] < height) {
        double part = part(corners[i], corners[next], height);
        crossings.add(
            new double[] {x[i] + part * (x[next] - x[i]), y[i] + part * (y[next] - y[i])});
      }
    }
    // Where a corner is not finite the middle lies above.
    double middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4;
    // Of four crossings, those around the first corner belong together if it lies apart.
    boolean turned = crossings.size() == 4 && corners[0] < height != middle < height;
    for (int i = 0; i + 1 < crossings.size(); i += 2) {
      int shift = turned ? 3 : 0;
      double[] from = crossings.get((i + shift) % crossings.size());
      double[] to = crossings.get((i + shift + 1) % crossings.size());
      line.moveTo(from[0], from[1]);
      line.lineTo(to[0], to[1]);
    }
  }

  /** Where between two corners a height is; beside one that is not finite at the finite one. */
  private static double part(double from, double to, double height) {
    if (!Double.isFinite(from)) {
      return 1;
    }
    return Double.isFinite(to) ? (height - from) / (to - from) : 0;
  }
}
