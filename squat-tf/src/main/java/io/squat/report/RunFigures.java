package io.squat.report;

import io.squat.glue.Metric;
import io.squat.plots.Axis;
import io.squat.plots.Curve;
import io.squat.plots.Figure;
import io.squat.plots.Look;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import io.squat.train.DevScore;
import io.squat.train.Method;
import io.squat.train.MetricsLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The pictures of what runs score and lose, by size and time; {@link QuantizerFigures} are those of
 * their quantizers. Where there are many groups of a method, its picture is of the best of those
 * with the most seeds.
 */
final class RunFigures {
  private static final int SMOOTHED_PARTS = 20;
  private static final int MOST_POINTS = 200;
  // Methods whose models are of one size stand side by side, and so do they at an epoch.
  private static final double BESIDE = 1.06;
  private static final double EPOCH_BESIDE = 0.06;

  private RunFigures() {}

  /**
   * Of groups of one task and width: of each method the best of those with the most seeds, and lsq
   * at their epochs and at their passes.
   */
  static List<RunGroup> shown(List<RunGroup> groups) {
    List<RunGroup> shown = new ArrayList<>();
    for (Method method : Method.values()) {
      groups.stream()
          .filter(group -> group.method() == method)
          .max(
              Comparator.comparingInt((RunGroup group) -> group.seeds().size())
                  .thenComparingDouble(group -> group.headline(group.seeds())))
          .ifPresent(shown::add);
    }
    for (RunGroup best : List.copyOf(shown)) {
      groups.stream()
          .filter(
              group ->
                  Comparison.Baseline.LSQ.fits(best, group)
                      || Comparison.Baseline.LSQ_PASSES.fits(best, group))
          .filter(group -> !shown.contains(group))
          .forEach(shown::add);
    }
    return shown;
  }

  /**
   * The metrics by size; a line a method.
   *
   * @param groups the shown groups of a task, of all widths
   */
  static Optional<Figure> sizes(List<RunGroup> groups) {
    List<RunGroup> sized = groups.stream().filter(group -> group.megabytes().isPresent()).toList();
    if (sized.isEmpty()) {
      return Optional.empty();
    }
    List<Plot> plots = new ArrayList<>();
    for (Metric metric : sized.get(0).metrics()) {
      List<Curve> curves = new ArrayList<>();
      for (Map.Entry<String, List<RunGroup>> line : sizeLines(sized).entrySet()) {
        List<RunGroup> on = line.getValue();
        curves.add(
            new Curve(
                lineName(on),
                looks(sized).get(sized.indexOf(on.get(0))),
                Curve.Form.MARKED_LINE,
                on.stream()
                    .map(group -> sizePoint(group, metric, beside(sized, group)))
                    .sorted(Comparator.comparingDouble(Point::x))
                    .toList()));
      }
      plots.add(
          new Plot(
              "",
              Axis.log("parameters at their bits (MB)"),
              Axis.linear(metric.displayName() + " (%)"),
              curves,
              List.of()));
    }
    return Optional.of(new Figure(plots.size(), plots));
  }

  /**
   * What a line of sizes goes through, by its name: a method's groups of different widths. A second
   * one of the same method and width stands alone.
   */
  private static Map<String, List<RunGroup>> sizeLines(List<RunGroup> groups) {
    Map<String, List<RunGroup>> lines = new LinkedHashMap<>();
    for (RunGroup group : groups) {
      List<RunGroup> line = lines.computeIfAbsent(group.method().label(), key -> new ArrayList<>());
      boolean second = line.stream().anyMatch(other -> other.bits().equals(group.bits()));
      (second ? lines.computeIfAbsent(group.name(), key -> new ArrayList<>()) : line).add(group);
    }
    return lines;
  }

  /** All that tells its groups from others, where that is the same at each width. */
  private static String lineName(List<RunGroup> groups) {
    RunGroup first = groups.get(0);
    boolean same = groups.stream().allMatch(group -> group.name().equals(first.name()));
    return same ? first.name() : first.method().label() + ", the best of each width";
  }

  private static Point sizePoint(RunGroup group, Metric metric, double beside) {
    return Point.of(
        group.megabytes().orElseThrow() * Math.pow(BESIDE, beside),
        100 * group.mean(metric, RunGroup.Epoch.LAST),
        100 * error(group.deviation(metric, RunGroup.Epoch.LAST)));
  }

  /**
   * How far a group's markers stand beside their place, so that they do not cover those of the
   * others: the others' and its own lie evenly around it.
   */
  private static double beside(List<RunGroup> groups, RunGroup group) {
    List<RunGroup> same =
        groups.stream().filter(other -> other.bits().equals(group.bits())).toList();
    return same.indexOf(group) - (same.size() - 1) / 2.0;
  }

  /** Of a single seed there is none. */
  private static double error(double deviation) {
    return Double.isNaN(deviation) ? 0 : deviation;
  }

  /** Metrics by epoch and the training loss by step. */
  static Figure learning(List<RunGroup> groups) {
    List<Plot> plots = new ArrayList<>();
    for (Metric metric : groups.get(0).metrics()) {
      plots.add(
          plot(
              Axis.whole("epoch"),
              Axis.linear("dev " + metric.displayName() + " (%)"),
              groups,
              Curve.Form.MARKED_LINE,
              group -> epochs(group, metric, EPOCH_BESIDE * beside(groups, group))));
    }
    Plot losses =
        plot(
            Axis.whole("step"),
            Axis.linear("training loss, smoothed"),
            groups,
            Curve.Form.LINE,
            RunFigures::losses);
    if (losses.curves().stream().anyMatch(curve -> !curve.points().isEmpty())) {
      plots.add(losses); // else no metrics were kept
    }
    return new Figure(plots.size(), plots);
  }

  private interface Points {
    List<Point> of(RunGroup group);
  }

  private static Plot plot(Axis x, Axis y, List<RunGroup> groups, Curve.Form form, Points points) {
    List<Curve> curves = new ArrayList<>();
    List<Look> looks = looks(groups);
    for (int i = 0; i < groups.size(); i++) {
      curves.add(new Curve(groups.get(i).name(), looks.get(i), form, points.of(groups.get(i))));
    }
    return new Plot("", x, y, curves, List.of());
  }

  /** A method has one look on all pictures. */
  static List<Look> looks(List<RunGroup> groups) {
    return Look.ofKinds(groups.stream().map(RunGroup::method).toList());
  }

  private static List<Point> epochs(RunGroup group, Metric metric, double beside) {
    List<Point> points = new ArrayList<>();
    int epochs = group.runs().stream().mapToInt(run -> run.scores().size()).min().orElse(0);
    for (int i = 0; i < epochs; i++) {
      int index = i;
      List<DevScore> scores = group.runs().stream().map(run -> run.scores().get(index)).toList();
      points.add(
          point(
              scores.get(0).epoch() + beside,
              scores.stream()
                  .map(
                      score -> 100 * score.metrics().getOrDefault(metric.displayName(), Double.NaN))
                  .toList()));
    }
    return points;
  }

  private static Point point(double x, List<Double> sample) {
    return Point.of(x, Numbers.mean(sample), error(Numbers.deviation(sample)));
  }

  private static List<Point> losses(RunGroup group) {
    List<List<MetricsLine>> runs =
        group.runs().stream()
            .map(run -> lines(run).stream().filter(line -> line.loss() != null).toList())
            .toList();
    int steps = runs.stream().mapToInt(List::size).min().orElse(0);
    int half = steps / SMOOTHED_PARTS / 2;
    int stride = Math.max(1, steps / MOST_POINTS);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < steps; i += stride) {
      int from = Math.max(0, i - half);
      int to = Math.min(steps, i + half + 1);
      points.add(
          point(
              (double) runs.get(0).get(i).step(),
              runs.stream()
                  .map(
                      lines ->
                          lines.subList(from, to).stream()
                              .mapToDouble(line -> line.loss() == null ? 0 : line.loss())
                              .average()
                              .orElse(0))
                  .toList()));
    }
    return points;
  }

  private static List<MetricsLine> lines(ReportedRun run) {
    return run.folder().stage(run.settings().lastStage()).metricsLines();
  }
}
