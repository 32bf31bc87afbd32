package io.squat.plots;

import java.awt.Color;
import java.awt.Paint;
import java.awt.geom.Path2D;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.renderer.PaintScale;

/**
 * Heights at which fields of a figure change their colour, low ones light: the same for all of
 * them. They are closer together at the bottom, where minima are.
 *
 * <pre>
 * level i = lowest + (highest - lowest) (i / n)^2,   i = 1 .. n - 1
 * </pre>
 */
final class Levels implements PaintScale {
  private static final int BANDS = 14;

  private final double lowest;
  private final double highest;

  Levels(List<Field> fields) {
    this.lowest = fields.stream().mapToDouble(Field::lowest).min().orElseThrow();
    double most = fields.stream().mapToDouble(Field::highest).max().orElseThrow();
    this.highest = most > lowest ? most : lowest + 1;
  }

  List<Double> heights() {
    return IntStream.range(1, BANDS).mapToObj(this::level).toList();
  }

  private double level(int i) {
    double part = (double) i / BANDS;
    return lowest + (highest - lowest) * part * part;
  }

  @Override
  public double getLowerBound() {
    return lowest;
  }

  @Override
  public double getUpperBound() {
    return highest;
  }

  @Override
  public Paint getPaint(double height) {
    int band = (int) IntStream.range(1, BANDS).filter(i -> height >= level(i)).count();
    Color color = Look.shade(1 - (double) band / (BANDS - 1), 0).color();
    // The lightest is nearly white, for labels and for paper.
    double light = 0.6 * (1 - (double) band / (BANDS - 1));
    return new Color(
        lighter(color.getRed(), light),
        lighter(color.getGreen(), light),
        lighter(color.getBlue(), light));
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
        double part = (height - corners[i]) / (corners[next] - corners[i]);
        crossings.add(
            new double[] {x[i] + part * (x[next] - x[i]), y[i] + part * (y[next] - y[i])});
      }
    }
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
}
