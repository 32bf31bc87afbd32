package io.squat.sharpness;

import io.squat.plots.Axis;
import io.squat.plots.Curve;
import io.squat.plots.Field;
import io.squat.plots.Figure;
import io.squat.plots.Look;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import io.squat.train.Method;
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
  private static final String RATIOS = "ratios.png";
  private static final String SURFACES = "surfaces.png";

  /** The names of all files; there are ratios only beside an lsq model, and surfaces as wanted. */
  public static final List<String> FILES =
      List.of(RATIOS, "sharpness.png", "eigenvalues.png", "lines.png", SURFACES);

  private static final int COLUMNS = 4;

  /** How wide the bars of a name are together. */
  private static final double BARS = 0.8;

  /** How far curves stand beside each other at one name. */
  private static final double BESIDE = 0.12;

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

  /** The figures by the names of their files, those of {@link #FILES} that there are. */
  public static Map<String, Figure> of(SharpnessResults results) {
    List<SharpnessGroup> groups = SharpnessGroup.of(results);
    List<Panel> panels = Panel.of(groups);
    int columns = Math.max(2, panels.size());
    Map<String, Figure> figures = new LinkedHashMap<>();
    String note = results.descriptionWithoutRho();
    List<Plot> ratios = ratios(panels, results.settings());
    if (!ratios.isEmpty()) {
      figures.put(RATIOS, new Figure(columns, ratios, results.description()));
    }
    figures.put("sharpness.png", new Figure(columns, rises(panels), results.description()));
    figures.put("eigenvalues.png", new Figure(columns, eigenvalues(panels), note));
    figures.put("lines.png", new Figure(columns, lines(panels), note));
    List<Plot> surfaces = surfaces(groups);
    if (!surfaces.isEmpty()) {
      figures.put(SURFACES, new Figure(Math.min(COLUMNS, surfaces.size()), surfaces, note));
    }
    return figures;
  }

  /** One plot of each panel. */
  private static List<Plot> plots(
      List<Panel> panels,
      String title,
      Axis x,
      Axis y,
      Curve.Form form,
      Function<SharpnessGroup, List<Point>> points) {
    List<Plot> plots = new ArrayList<>();
    for (Panel panel : panels) {
      List<Curve> curves = new ArrayList<>();
      for (int i = 0; i < panel.groups().size(); i++) {
        SharpnessGroup group = panel.groups().get(i);
        curves.add(new Curve(legend(group), panel.looks().get(i), form, points.apply(group)));
      }
      plots.add(new Plot(title + panel.title(), x, y, curves, List.of()));
    }
    return plots;
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

  /** Relative to the panel's first lsq models; no plots if there are none anywhere. */
  private static List<Plot> ratios(List<Panel> panels, SharpnessSettings settings) {
    List<Plot> plots = new ArrayList<>();
    for (Scale scale : Scale.values()) {
      for (Panel panel : panels) {
        panel.groups().stream()
            .filter(group -> group.method() == Method.LSQ)
            .findFirst()
            .ifPresent(lsq -> plots.add(ratios(panel, lsq, settings, scale)));
      }
    }
    return plots;
  }

  /** Points of each group at each measure, beside each other, and a line at 1. */
  private static Plot ratios(
      Panel panel, SharpnessGroup lsq, SharpnessSettings settings, Scale scale) {
    List<Measure> measures = Measure.of(settings, scale);
    List<Curve> curves = new ArrayList<>();
    int count = panel.groups().size();
    for (int i = 0; i < count; i++) {
      SharpnessGroup group = panel.groups().get(i);
      Look look = panel.looks().get(i);
      if (group.equals(lsq)) {
        List<Point> ones = List.of(Point.of(-0.5, 1), Point.of(measures.size() - 0.5, 1));
        curves.add(new Curve(legend(group), look, Curve.Form.LINE, ones));
        continue;
      }
      for (int k = 0; k < measures.size(); k++) {
        double x = k + BESIDE * (i - (count - 1) / 2.0);
        Ratio.of(group.pairs(lsq), measures.get(k))
            .filter(ratio -> ratio.low() > 0) // a logarithm
            .map(ratio -> new Point(x, ratio.value(), ratio.low(), ratio.high()))
            .ifPresent(
                point ->
                    curves.add(
                        new Curve(legend(group), look, Curve.Form.MARKED_LINE, List.of(point))));
      }
    }
    return new Plot(
        "relative to lsq, " + scale.words() + panel.title(),
        Axis.named("", measures.stream().map(Measure::name).toList()),
        Axis.log("ratio to " + lsq.nameWithoutBits()),
        curves,
        List.of());
  }

  private static List<Plot> rises(List<Panel> panels) {
    List<Plot> plots = new ArrayList<>();
    for (Scale scale : Scale.values()) {
      plots.addAll(
          plots(
              panels,
              "worst direction, " + scale.words(),
              Axis.log("rho"),
              Axis.log("rise, bars: range over seeds"),
              Curve.Form.MARKED_LINE,
              group -> worst(group, scale)));
    }
    for (Scale scale : Scale.values()) {
      plots.addAll(
          plots(
              panels,
              "random directions, " + scale.words(),
              Axis.log("rho"),
              Axis.linear("2 rise / rho², bars: standard error"),
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
    return IntStream.range(0, scale.of(group.first()).average().size())
        .mapToObj(i -> group.together(found -> scale.of(found).average().get(i)))
        .map(
            found -> {
              double part = 2 / (found.rho() * found.rho());
              return Point.of(found.rho(), part * found.mean(), part * found.error());
            })
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
   * Bars from zero for the eigenvalues of each group, the largest first and then the smallest Ritz
   * value, with an error bar from the least to the most over its seeds, residuals added.
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
      for (int k = 0; k <= count; k++) {
        int number = k;
        points.add(
            withResidual(
                group,
                i - BARS / 2 + BARS * (k + 0.5) / (count + 1),
                found ->
                    number < count
                        ? scale.of(found).hessian().eigenvalues().get(number)
                        : new Spectrum.Eigenvalue(scale.of(found).hessian().smallest(), 0)));
      }
      curves.add(new Curve(legend(group), panel.looks().get(i), Curve.Form.BARS, points));
    }
    return new Plot(
        "eigenvalues, " + scale.words() + panel.title(),
        Axis.named(
            "largest, next, smallest; error bars: range over seeds",
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
    plots.addAll(
        plots(
            panels,
            "along a random direction",
            Axis.linear("distance, in norms of the filters"),
            Axis.linear("rise of the loss, bands: range"),
            Curve.Form.LINE,
            group -> line(group, 0)));
    plots.addAll(
        plots(
            panels,
            "along the gradient",
            Axis.linear("distance"),
            Axis.linear("rise along the gradient, bands: range"),
            Curve.Form.LINE,
            group -> line(group, 1)));
    return plots;
  }

  private static List<Point> line(SharpnessGroup group, int number) {
    return points(
        group,
        group.first().lines().get(number).at(),
        (found, i) -> found.lines().get(number).rise(i));
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
