package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;

/** The loss along lines and over planes through the point. */
public final class Landscape {
  private Landscape() {}

  /**
   * The loss along a line.
   *
   * @param direction what it is along
   * @param at how far, in lengths of the direction
   * @param loss L(at * direction)
   */
  public record Line(String direction, List<Double> at, List<Double> loss) {
    /** Copies the lists. */
    public Line {
      at = List.copyOf(at);
      loss = List.copyOf(loss);
    }

    /** How much more the loss at a place is than that in the middle, the point itself. */
    double rise(int place) {
      return loss.get(place) - loss.get(loss.size() / 2);
    }
  }

  /**
   * The loss over a plane.
   *
   * @param at how far along either direction, in their lengths
   * @param loss L(at[column] * first + at[row] * second), row by row
   */
  public record Surface(List<Double> at, List<List<Double>> loss) {
    /** Copies the lists. */
    public Surface {
      at = List.copyOf(at);
      loss = loss.stream().map(List::copyOf).toList();
    }

    /** How much more each loss is than that in the middle, the point itself. */
    List<List<Double>> rises() {
      int middle = at.size() / 2;
      double own = loss.get(middle).get(middle);
      return loss.stream().map(row -> row.stream().map(some -> some - own).toList()).toList();
    }
  }

  static Line line(Loss loss, String name, Weights direction, List<Double> at) {
    return new Line(name, at, at.stream().map(t -> loss.at(direction.times(t))).toList());
  }

  static Surface surface(Loss loss, Weights first, Weights second, List<Double> at) {
    List<List<Double>> rows = new ArrayList<>();
    for (double b : at) {
      List<Double> row = new ArrayList<>();
      for (double a : at) {
        row.add(loss.at(first.times(a).plus(b, second)));
      }
      rows.add(row);
    }
    return new Surface(at, rows);
  }

  /**
   * Checks a number of places along a line or a side of a surface: odd, so that the point itself is
   * in the middle.
   */
  public static void checkPoints(String name, int points) {
    checkArgument(
        points >= 3 && points % 2 == 1,
        "%s: expected an odd number from 3, found %s",
        name,
        points);
  }

  /**
   * Numbers from {@code -span} to {@code span} at equal distances.
   *
   * @param points how many, odd, so that zero is among them
   */
  static List<Double> grid(double span, int points) {
    List<Double> numbers = new ArrayList<>();
    int half = points / 2;
    for (int i = -half; i <= half; i++) {
      numbers.add(span * i / half);
    }
    return numbers;
  }
}
