package io.squat.sharpness;

import io.squat.plots.Axis;
import io.squat.plots.Curve;
import io.squat.plots.Field;
import io.squat.plots.Figure;
import io.squat.plots.Look;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** Pictures of results. */
public final class SharpnessFigures {
  private static final int COLUMNS = 4;
  private static final double BAR = 0.8;

  private SharpnessFigures() {}

  /** The figures by the names of their files; surfaces only where there are some. */
  public static Map<String, Figure> of(SharpnessResults results) {
    List<SharpnessGroup> groups = SharpnessGroup.of(results);
    Map<String, Figure> figures = new LinkedHashMap<>();
    String note = results.descriptionWithoutRho();
    figures.put("sharpness.png", new Figure(2, rises(groups), results.description()));
    figures.put("eigenvalues.png", new Figure(2, eigenvalues(groups), note));
    figures.put("lines.png", new Figure(2, lines(groups), note));
    List<Plot> surfaces = surfaces(groups);
    if (!surfaces.isEmpty()) {
      figures.put("surfaces.png", new Figure(Math.min(COLUMNS, surfaces.size()), surfaces, note));
    }
    return figures;
  }

  private static Plot plot(
      List<SharpnessGroup> groups,
      String title,
      Axis x,
      Axis y,
      Curve.Form form,
      Function<SharpnessGroup, List<Point>> points) {
    List<Curve> curves = new ArrayList<>();
    List<Look> looks = looks(groups);
    for (int i = 0; i < groups.size(); i++) {
      curves.add(new Curve(groups.get(i).name(), looks.get(i), form, points.apply(groups.get(i))));
    }
    return new Plot(title, x, y, curves, List.of());
  }

  /** A method has one look on all pictures. */
  private static List<Look> looks(List<SharpnessGroup> groups) {
    return Look.ofKinds(groups.stream().map(SharpnessGroup::method).toList());
  }

  /** The mean of a number over seeds, and the range. */
  private static Point point(SharpnessGroup group, double x, ToDoubleFunction<Sharpness> number) {
    SummaryStatistics found = group.over(number);
    return new Point(x, found.getMean(), found.getMin(), found.getMax());
  }

  private static List<Plot> rises(List<SharpnessGroup> groups) {
    List<Plot> plots = new ArrayList<>();
    for (Scale scale : Scale.values()) {
      plots.add(
          plot(
              groups,
              "worst direction, " + scale.words(),
              Axis.log("rho"),
              Axis.log("rise of the loss, worst direction"),
              Curve.Form.MARKED_LINE,
              group -> worst(group, scale)));
    }
    for (Scale scale : Scale.values()) {
      plots.add(
          plot(
              groups,
              "random directions, " + scale.words(),
              Axis.log("rho"),
              Axis.linear("mean rise of the loss, random directions"),
              Curve.Form.MARKED_LINE,
              group -> average(group, scale)));
    }
    return plots;
  }

  private static List<Point> worst(SharpnessGroup group, Scale scale) {
    return points(
            group,
            scale.of(group.first()).epsilon().stream().map(EpsilonSharpness::rho).toList(),
            (found, i) -> scale.of(found).epsilon().get(i).maximum())
        .stream()
        .filter(point -> point.low() > 0) // a logarithm
        .toList();
  }

  private static List<Point> average(SharpnessGroup group, Scale scale) {
    return points(
        group,
        scale.of(group.first()).average().stream().map(AverageSharpness::rho).toList(),
        (found, i) -> scale.of(found).average().get(i).mean());
  }

  /** A point at each of some places, by the number that a model has at the place of an index. */
  private static List<Point> points(
      SharpnessGroup group, List<Double> at, ToDoubleBiFunction<Sharpness, Integer> number) {
    return IntStream.range(0, at.size())
        .mapToObj(i -> point(group, at.get(i), found -> number.applyAsDouble(found, i)))
        .toList();
  }

  private static List<Plot> eigenvalues(List<SharpnessGroup> groups) {
    return Arrays.stream(Scale.values()).map(scale -> bars(groups, scale)).toList();
  }

  /**
   * Bars from zero for the eigenvalues of each group, the largest first, with a band from the least
   * to the most over its seeds, residuals added.
   */
  private static Plot bars(List<SharpnessGroup> groups, Scale scale) {
    List<Look> looks = looks(groups);
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      SharpnessGroup group = groups.get(i);
      int count =
          group.models().stream()
              .mapToInt(model -> scale.of(model.sharpness()).hessian().eigenvalues().size())
              .min()
              .orElseThrow();
      List<Point> points = new ArrayList<>();
      for (int k = 0; k < count; k++) {
        int number = k;
        Function<Sharpness, Spectrum.Eigenvalue> eigenvalue =
            found -> scale.of(found).hessian().eigenvalues().get(number);
        double left = i - BAR / 2 + BAR * k / count;
        double right = i - BAR / 2 + BAR * (k + 1) / count;
        points.add(Point.of(left, 0));
        points.add(withResidual(group, left, eigenvalue));
        points.add(withResidual(group, right, eigenvalue));
        points.add(Point.of(right, 0));
      }
      curves.add(new Curve(group.name(), looks.get(i), Curve.Form.LINE, points));
    }
    return new Plot(
        "largest eigenvalues, " + scale.words(),
        Axis.named(
            "means; bands: range over seeds, with the residuals",
            groups.stream().map(SharpnessGroup::kind).toList()),
        Axis.linear("eigenvalue, " + scale.label()),
        curves,
        List.of());
  }

  private static Point withResidual(
      SharpnessGroup group, double x, Function<Sharpness, Spectrum.Eigenvalue> eigenvalue) {
    return new Point(
        x,
        group.over(found -> eigenvalue.apply(found).value()).getMean(),
        group
            .over(found -> eigenvalue.apply(found).value() - eigenvalue.apply(found).residual())
            .getMin(),
        group
            .over(found -> eigenvalue.apply(found).value() + eigenvalue.apply(found).residual())
            .getMax());
  }

  private static List<Plot> lines(List<SharpnessGroup> groups) {
    return List.of(
        plot(
            groups,
            "along a random direction",
            Axis.linear("distance, in norms of the filters"),
            Axis.linear("loss"),
            Curve.Form.LINE,
            group -> line(group, 0)),
        plot(
            groups,
            "along the gradient",
            Axis.linear("distance"),
            Axis.linear("loss along the gradient"),
            Curve.Form.LINE,
            group -> line(group, 1)));
  }

  private static List<Point> line(SharpnessGroup group, int number) {
    return points(
        group,
        group.first().lines().get(number).at(),
        (found, i) -> found.lines().get(number).loss().get(i));
  }

  /** Of each group the first model that has one. */
  private static List<Plot> surfaces(List<SharpnessGroup> groups) {
    List<Plot> plots = new ArrayList<>();
    for (SharpnessGroup group : groups) {
      for (SharpnessResults.Model model : group.models()) {
        Landscape.Surface surface = model.sharpness().surface();
        if (surface != null) {
          plots.add(
              Plot.of(
                  group.name() + ", run of seed " + model.seed(),
                  Axis.linear("first direction (norms of filters)"),
                  Axis.linear("second direction (norms of filters)"),
                  new Field("rise of the loss", surface.at(), surface.at(), surface.rises())));
          break;
        }
      }
    }
    return plots;
  }
}
