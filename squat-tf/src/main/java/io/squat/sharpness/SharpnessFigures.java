package io.squat.sharpness;

import io.squat.plots.Axis;
import io.squat.plots.Curve;
import io.squat.plots.Field;
import io.squat.plots.Figure;
import io.squat.plots.Look;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Pictures of results. */
public final class SharpnessFigures {
  private static final int COLUMNS = 4;

  private SharpnessFigures() {}

  /** The figures by the names of their files. */
  public static Map<String, Figure> of(SharpnessResults results) {
    List<SharpnessResults.Model> models = results.models();
    Map<String, Figure> figures = new LinkedHashMap<>();
    figures.put("sharpness.png", new Figure(2, rises(models)));
    figures.put("eigenvalues.png", new Figure(2, eigenvalues(models)));
    figures.put("lines.png", new Figure(2, lines(models)));
    figures.put("surfaces.png", new Figure(Math.min(COLUMNS, models.size()), surfaces(models)));
    return figures;
  }

  private static Look look(List<SharpnessResults.Model> models, int number) {
    List<String> kinds = models.stream().map(SharpnessFigures::kind).distinct().toList();
    return Look.of(kinds.indexOf(kind(models.get(number))));
  }

  /** Models that differ in the seed alone look alike. */
  private static String kind(SharpnessResults.Model model) {
    return model.method() + " " + model.bits();
  }

  private static Plot plot(
      List<SharpnessResults.Model> models,
      String title,
      Axis x,
      Axis y,
      Curve.Form form,
      Function<SharpnessResults.Model, List<Point>> points) {
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      curves.add(
          new Curve(kind(models.get(i)), look(models, i), form, points.apply(models.get(i))));
    }
    return new Plot(title, x, y, curves, List.of());
  }

  private static List<Plot> rises(List<SharpnessResults.Model> models) {
    List<Plot> plots = new ArrayList<>();
    Map<String, Function<Sharpness, Sharpness.Measures>> scales = new LinkedHashMap<>();
    scales.put("weights as they are", Sharpness::plain);
    scales.put("by the norm of filters", Sharpness::adaptive);
    scales.forEach(
        (scale, measures) ->
            plots.add(
                plot(
                    models,
                    "worst direction, " + scale,
                    Axis.log("rho"),
                    Axis.log("rise of the loss, worst direction"),
                    Curve.Form.MARKED_LINE,
                    model ->
                        measures.apply(model.sharpness()).epsilon().stream()
                            .filter(found -> found.rho() > 0 && found.maximum() > 0)
                            .map(found -> Point.of(found.rho(), found.maximum()))
                            .toList())));
    scales.forEach(
        (scale, measures) ->
            plots.add(
                plot(
                    models,
                    "random directions, " + scale,
                    Axis.log("rho"),
                    Axis.linear("rise of the loss, mean and deviation"),
                    Curve.Form.MARKED_LINE,
                    model ->
                        measures.apply(model.sharpness()).average().stream()
                            .filter(found -> found.rho() > 0)
                            .map(found -> Point.of(found.rho(), found.mean(), found.deviation()))
                            .toList())));
    return plots;
  }

  private static List<Plot> eigenvalues(List<SharpnessResults.Model> models) {
    return List.of(
        bars(models, "weights as they are", "plain", Sharpness::plain),
        bars(models, "by the norm of filters", "adaptive", Sharpness::adaptive));
  }

  /**
   * A bar from zero for each eigenvalue, with a band as far as its residual: those of a model side
   * by side, then the next model's.
   */
  private static Plot bars(
      List<SharpnessResults.Model> models,
      String scale,
      String unit,
      Function<Sharpness, Sharpness.Measures> measures) {
    List<Curve> curves = new ArrayList<>();
    double x = 1;
    for (int i = 0; i < models.size(); i++) {
      SharpnessResults.Model model = models.get(i);
      List<Point> points = new ArrayList<>();
      for (Spectrum.Eigenvalue found : measures.apply(model.sharpness()).hessian().eigenvalues()) {
        points.add(Point.of(x, 0));
        points.add(Point.of(x, found.value(), found.residual()));
        points.add(Point.of(x + 0.8, found.value(), found.residual()));
        points.add(Point.of(x + 0.8, 0));
        x++;
      }
      x++;
      curves.add(new Curve(kind(model), look(models, i), Curve.Form.LINE, points));
    }
    return new Plot(
        "largest eigenvalues, " + scale,
        Axis.unnumbered("the largest of each model; bands: residuals"),
        Axis.linear("eigenvalue, " + unit),
        curves,
        List.of());
  }

  private static List<Plot> lines(List<SharpnessResults.Model> models) {
    List<Plot> plots = new ArrayList<>();
    for (int line = 0; line < 2; line++) {
      int number = line;
      plots.add(
          plot(
              models,
              "along "
                  + (line == 0 ? "a " : "the ")
                  + models.get(0).sharpness().lines().get(line).direction()
                  + (line == 0 ? " direction" : ""),
              Axis.linear("distance, in norms of the filters"),
              Axis.linear("loss"),
              Curve.Form.LINE,
              model -> points(model.sharpness().lines().get(number))));
    }
    return plots;
  }

  private static List<Point> points(Landscape.Line line) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < line.at().size(); i++) {
      points.add(Point.of(line.at().get(i), line.loss().get(i)));
    }
    return points;
  }

  private static List<Plot> surfaces(List<SharpnessResults.Model> models) {
    return models.stream()
        .map(
            model ->
                Plot.of(
                    model.name(),
                    Axis.linear("first direction (norms of filters)"),
                    Axis.linear("second direction (norms of filters)"),
                    new Field(
                        "loss",
                        model.sharpness().surface().at(),
                        model.sharpness().surface().at(),
                        model.sharpness().surface().loss())))
        .toList();
  }
}
