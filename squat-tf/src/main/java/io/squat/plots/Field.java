package io.squat.plots;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Heights over a plane, drawn as filled contours on a logarithmic scale.
 *
 * @param label what the heights are, with the unit
 * @param x where the columns stand, rising
 * @param y where the rows stand, rising
 * @param heights row by row; what is not finite is drawn as the highest
 */
public record Field(String label, List<Double> x, List<Double> y, List<List<Double>> heights) {
  /** Copies the lists. */
  public Field {
    x = List.copyOf(x);
    y = List.copyOf(y);
    heights = heights.stream().map(List::copyOf).toList();
    int columns = x.size();
    if (columns < 2
        || y.size() < 2
        || heights.size() != y.size()
        || heights.stream().anyMatch(row -> row.size() != columns)) {
      throw new IllegalArgumentException(
          "field: expected "
              + y.size()
              + " rows of "
              + columns
              + " heights, at least 2 each, found "
              + heights.stream().map(List::size).toList());
    }
  }

  /** The highest place; 0 where nothing is finite. */
  double highest() {
    return finite().max().orElse(0);
  }

  /** The lowest place; 0 where nothing is finite. */
  double lowest() {
    return finite().min().orElse(0);
  }

  private DoubleStream finite() {
    return heights.stream()
        .flatMap(List::stream)
        .mapToDouble(height -> height)
        .filter(Double::isFinite);
  }

  /** The same with so many places between two, on planes through the corners of each cell. */
  Field finer(int parts) {
    List<List<Double>> rows = new ArrayList<>();
    List<Double> finerY = finer(y, parts);
    for (int row = 0; row < finerY.size(); row++) {
      int below = Math.min(row / parts, y.size() - 2);
      double up = (row - (double) below * parts) / parts;
      List<Double> mixed = new ArrayList<>();
      for (int column = 0; column < x.size(); column++) {
        double low = heights.get(below).get(column);
        mixed.add(between(low, heights.get(below + 1).get(column), up));
      }
      rows.add(finer(mixed, parts));
    }
    return new Field(label, finer(x, parts), finerY, rows);
  }

  /** At a part of the way; beside a place that is not finite nothing is but a finite end itself. */
  private static double between(double from, double to, double part) {
    return part == 0 ? from : part == 1 ? to : (1 - part) * from + part * to;
  }

  private static List<Double> finer(List<Double> numbers, int parts) {
    List<Double> all = new ArrayList<>();
    for (int i = 0; i + 1 < numbers.size(); i++) {
      for (int part = 0; part < parts; part++) {
        double from = numbers.get(i);
        all.add(between(from, numbers.get(i + 1), (double) part / parts));
      }
    }
    all.add(numbers.get(numbers.size() - 1));
    return all;
  }
}
