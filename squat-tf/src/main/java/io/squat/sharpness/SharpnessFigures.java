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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** Pictures of results. */
public final class SharpnessFigures {
  /** The name of the file of surfaces. */
  public static final String SURFACES = "surfaces.png";

  private static final int COLUMNS = 4;
  private static final double BAR = 0.8;

  private SharpnessFigures() {}

  /**
   * Models of one width, and the float ones.
   *
   * @param title what is added to that of a plot
   * @param groups the models
   * @param looks of the groups
   */
  private record Panel(String title, List<SharpnessGroup> groups, List<Look> looks) {
    static List<Panel> of(List<SharpnessGroup> groups) {
      List<SharpnessGroup> differing =
          groups.stream()
              .collect(
                  Collectors.toMap(
                      SharpnessGroup::nameWithoutBits,
                      Function.identity(),
                      (first, other) -> first,
                      LinkedHashMap::new))
              .values()
              .stream()
              .toList();
      List<String> names = differing.stream().map(SharpnessGroup::nameWithoutBits).toList();
      List<Look> looks = Look.ofKinds(differing.stream().map(SharpnessGroup::method).toList());
      Map<String, List<SharpnessGroup>> byWidth = new LinkedHashMap<>();
      groups.stream()
          .filter(group -> group.method().quantized())
          .forEach(group -> byWidth.putIfAbsent(group.bits(), new ArrayList<>()));
      if (byWidth.isEmpty()) {
        byWidth.put("", new ArrayList<>());
      }
      List<Panel> panels = new ArrayList<>();
      for (String bits : byWidth.keySet()) {
        List<SharpnessGroup> some =
            groups.stream()
                .filter(group -> !group.method().quantized() || group.bits().equals(bits))
                .toList();
        panels.add(
            new Panel(
                bits.isEmpty() ? "" : ", " + bits,
                some,
                some.stream()
                    .map(group -> looks.get(names.indexOf(group.nameWithoutBits())))
                    .toList()));
      }
      return panels;
    }
  }

  /** The figures by the names of their files; surfaces only where there are some. */
  public static Map<String, Figure> of(SharpnessResults results) {
    List<SharpnessGroup> groups = SharpnessGroup.of(results);
    List<Panel> panels = Panel.of(groups);
    int columns = Math.max(2, panels.size());
    Map<String, Figure> figures = new LinkedHashMap<>();
    String note = results.descriptionWithoutRho();
    figures.put("sharpness.png", new Figure(columns, rises(panels), results.description()));
    figures.put("eigenvalues.png", new Figure(columns, eigenvalues(panels), note));
    figures.put("lines.png", new Figure(columns, lines(panels), note));
    List<Plot> surfaces = surfaces(groups);
    if (!surfaces.isEmpty()) {
      figures.put(SURFACES, new Figure(Math.min(COLUMNS, surfaces.size()), surfaces, note));
    }
    return figures;
  }

  private static Plot plot(
      Panel panel,
      String title,
      Axis x,
      Axis y,
      Curve.Form form,
      Function<SharpnessGroup, List<Point>> points) {
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < panel.groups().size(); i++) {
      SharpnessGroup group = panel.groups().get(i);
      curves.add(new Curve(legend(group), panel.looks().get(i), form, points.apply(group)));
    }
    return new Plot(title + panel.title(), x, y, curves, List.of());
  }

  private static String legend(SharpnessGroup group) {
    int seeds = group.models().size();
    return group.nameWithoutBits() + (seeds == 1 ? ", 1 seed" : ", " + seeds + " seeds");
  }

  /** The mean of a number over seeds, and the range. */
  private static Point point(SharpnessGroup group, double x, ToDoubleFunction<Sharpness> number) {
    SummaryStatistics found = group.over(number);
    return new Point(x, found.getMean(), found.getMin(), found.getMax());
  }

  private static List<Plot> rises(List<Panel> panels) {
    List<Plot> plots = new ArrayList<>();
    for (Scale scale : Scale.values()) {
      for (Panel panel : panels) {
        plots.add(
            plot(
                panel,
                "worst direction, " + scale.words(),
                Axis.log("rho"),
                Axis.log("rise, bars: range over seeds"),
                Curve.Form.MARKED_LINE,
                group -> worst(group, scale)));
      }
    }
    for (Scale scale : Scale.values()) {
      for (Panel panel : panels) {
        plots.add(
            plot(
                panel,
                "random directions, " + scale.words(),
                Axis.linear("rho"),
                Axis.linear("mean rise, bars: standard error"),
                Curve.Form.MARKED_LINE,
                group -> average(group, scale)));
      }
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
    return IntStream.range(0, scale.of(group.first()).average().size())
        .mapToObj(i -> group.together(found -> scale.of(found).average().get(i)))
        .map(found -> Point.of(found.rho(), found.mean(), found.error()))
        .toList();
  }

  /** A point at each of some places, by the number that a model has at the place of an index. */
  private static List<Point> points(
      SharpnessGroup group, List<Double> at, ToDoubleBiFunction<Sharpness, Integer> number) {
    return IntStream.range(0, at.size())
        .mapToObj(i -> point(group, at.get(i), found -> number.applyAsDouble(found, i)))
        .toList();
  }

  private static List<Plot> eigenvalues(List<Panel> panels) {
    return Arrays.stream(Scale.values())
        .flatMap(scale -> panels.stream().map(panel -> bars(panel, scale)))
        .toList();
  }

  /**
   * Bars from zero for the eigenvalues of each group, the largest first, with a band from the least
   * to the most over its seeds, residuals added.
   */
  private static Plot bars(Panel panel, Scale scale) {
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < panel.groups().size(); i++) {
      SharpnessGroup group = panel.groups().get(i);
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
      curves.add(new Curve(legend(group), panel.looks().get(i), Curve.Form.LINE, points));
    }
    return new Plot(
        "largest eigenvalues, " + scale.words() + panel.title(),
        Axis.named(
            "the largest eigenvalues; bands: range over seeds and residuals",
            panel.groups().stream().map(SharpnessGroup::nameWithoutBits).toList()),
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

  private static List<Plot> lines(List<Panel> panels) {
    List<Plot> plots = new ArrayList<>();
    for (Panel panel : panels) {
      plots.add(
          plot(
              panel,
              "along a random direction",
              Axis.linear("distance, in norms of the filters"),
              Axis.linear("loss"),
              Curve.Form.LINE,
              group -> line(group, 0)));
    }
    for (Panel panel : panels) {
      plots.add(
          plot(
              panel,
              "along the gradient",
              Axis.linear("distance"),
              Axis.linear("loss along the gradient"),
              Curve.Form.LINE,
              group -> line(group, 1)));
    }
    return plots;
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
