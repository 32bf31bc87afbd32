package io.squat.report;

import static java.util.Objects.requireNonNull;

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
import io.squat.train.QuantizerState;
import io.squat.train.WeightHistogram;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The pictures of runs. Where there are many groups of a method, its picture is of the group with
 * the highest mean after the last epoch.
 */
final class RunFigures {
  // A share of 0 has no place on a logarithmic axis.
  private static final double LEAST_SHARE = 1e-4;
  private static final int HISTOGRAMS = 6;
  private static final int HISTOGRAM_COLUMNS = 3;
  private static final int MOST_GRID_LINES = 16;
  private static final int SMOOTHED_PARTS = 20;
  private static final int MOST_POINTS = 200;
  private static final int DASHED = 1;
  // Methods whose models are of one size stand side by side, and so do they at an epoch.
  private static final double BESIDE = 1.06;
  private static final double EPOCH_BESIDE = 0.06;

  private static final List<Method> METHODS = List.of(Method.values());

  private RunFigures() {}

  private static int place(Method method) {
    return METHODS.indexOf(method);
  }

  /**
   * Of groups of one task and width: of each method the best of those with the most seeds, and lsq
   * at their epochs and at their passes.
   */
  static List<RunGroup> shown(List<RunGroup> groups) {
    List<RunGroup> shown = new ArrayList<>();
    for (Method method : METHODS) {
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
                line.getKey(),
                look(sized, sized.indexOf(on.get(0))),
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
    plots.add(
        plot(
            Axis.whole("step"),
            Axis.linear("training loss, smoothed"),
            groups,
            Curve.Form.LINE,
            RunFigures::losses));
    return new Figure(plots.size(), plots);
  }

  private interface Points {
    List<Point> of(RunGroup group);
  }

  private static Plot plot(Axis x, Axis y, List<RunGroup> groups, Curve.Form form, Points points) {
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      curves.add(new Curve(groups.get(i).name(), look(groups, i), form, points.of(groups.get(i))));
    }
    return new Plot("", x, y, curves, List.of());
  }

  /** A method has one look on all pictures; more groups of it have looks that no method has. */
  private static Look look(List<RunGroup> groups, int index) {
    Method method = groups.get(index).method();
    List<Method> before = groups.subList(0, index).stream().map(RunGroup::method).toList();
    if (!before.contains(method)) {
      return Look.of(place(method));
    }
    int others = before.size() - new HashSet<>(before).size();
    return Look.of(METHODS.size() + others % (Look.COUNT - METHODS.size()));
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

  /**
   * The step sizes over time as parts of those at the start, a column a group, of its first seed.
   *
   * @return empty if the runs did not log them
   */
  static Optional<Figure> stepSizes(List<RunGroup> groups) {
    return quantizers(groups, "step size / that at the start", RunFigures::byStart);
  }

  /** The clipped shares, likewise. */
  static Optional<Figure> clipped(List<RunGroup> groups) {
    return quantizers(groups, "clipped share", RunFigures::clippedShares);
  }

  private static List<Double> byStart(List<QuantizerState> states) {
    double start = states.get(0).stepSize();
    return states.stream().map(state -> state.stepSize() / start).toList();
  }

  private static List<Double> clippedShares(List<QuantizerState> states) {
    return states.stream().map(state -> Math.max(LEAST_SHARE, state.clipped())).toList();
  }

  /** What is drawn of a quantizer over time. */
  private interface Values {
    List<Double> of(List<QuantizerState> states);
  }

  private static Optional<Figure> quantizers(List<RunGroup> groups, String label, Values values) {
    List<RunGroup> logged =
        groups.stream()
            .filter(
                group ->
                    lines(group.runs().get(0)).stream().anyMatch(line -> line.quantizers() != null))
            .toList();
    if (logged.isEmpty()) {
      return Optional.empty();
    }
    List<Plot> plots = new ArrayList<>();
    plots.addAll(row(logged, "weights", label, kind -> !kind.equals("activation"), values));
    plots.addAll(row(logged, "activations", label, kind -> kind.equals("activation"), values));
    return Optional.of(new Figure(logged.size(), plots));
  }

  /** The method, or if there are more groups of it all that tells this one from them. */
  private static String title(List<RunGroup> groups, RunGroup group) {
    boolean alone = groups.stream().filter(other -> other.method() == group.method()).count() == 1;
    return alone ? group.method().label() : group.name();
  }

  private static List<Plot> row(
      List<RunGroup> groups, String what, String label, Predicate<String> kinds, Values values) {
    List<Plot> plots = new ArrayList<>();
    for (RunGroup group : groups) {
      List<MetricsLine> watched =
          lines(group.runs().get(0)).stream().filter(line -> line.quantizers() != null).toList();
      Map<String, List<QuantizerState>> states = new LinkedHashMap<>();
      for (MetricsLine line : watched) {
        requireNonNull(line.quantizers())
            .forEach(
                (name, state) -> {
                  if (kinds.test(state.kind())) {
                    states.computeIfAbsent(name, key -> new ArrayList<>()).add(state);
                  }
                });
      }
      if (!states.isEmpty()) {
        plots.add(
            new Plot(
                title(groups, group) + ", " + what,
                Axis.whole("step"),
                Axis.log(label),
                curves(watched.stream().map(MetricsLine::step).toList(), states, values),
                List.of()));
      }
    }
    return plots;
  }

  /** Dark to light from the first layer to the last; tables are dashed. */
  private static List<Curve> curves(
      List<Long> steps, Map<String, List<QuantizerState>> states, Values values) {
    List<List<QuantizerState>> layers = new ArrayList<>();
    List<List<QuantizerState>> tables = new ArrayList<>();
    states.values().forEach(one -> (isTable(one) ? tables : layers).add(one));
    List<Curve> curves = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      String name = i == 0 ? "first layer" : i == layers.size() - 1 ? "last layer" : "";
      double part = i / Math.max(1.0, layers.size() - 1);
      curves.add(curve(name, Look.shade(part, 0), steps, values.of(layers.get(i))));
    }
    for (int i = 0; i < tables.size(); i++) {
      String name = i == 0 ? "embedding tables" : "";
      curves.add(curve(name, Look.of(DASHED), steps, values.of(tables.get(i))));
    }
    return curves;
  }

  private static boolean isTable(List<QuantizerState> states) {
    return states.get(0).kind().equals("embedding");
  }

  private static Curve curve(String name, Look look, List<Long> steps, List<Double> values) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      points.add(Point.of(steps.get(i).doubleValue(), values.get(i)));
    }
    return new Curve(name, look, Curve.Form.LINE, points);
  }

  /**
   * How some of the weights lie on their grids after training, of the first seed of each group.
   *
   * @return empty if the runs did not keep it
   */
  static Optional<Figure> weights(List<RunGroup> groups) {
    Map<RunGroup, List<WeightHistogram>> byGroup = new LinkedHashMap<>();
    for (RunGroup group : groups) {
      ReportedRun run = group.runs().get(0);
      List<WeightHistogram> histograms =
          run.folder().stage(run.settings().lastStage()).histograms();
      if (!histograms.isEmpty()) {
        byGroup.put(group, histograms);
      }
    }
    if (byGroup.isEmpty()) {
      return Optional.empty();
    }
    List<String> names =
        byGroup.values().iterator().next().stream().map(WeightHistogram::name).toList();
    List<Plot> plots = new ArrayList<>();
    int count = Math.min(HISTOGRAMS, names.size());
    for (int i = 0; i < count; i++) {
      // Evenly, with the first and the last.
      String name = names.get(count == 1 ? 0 : i * (names.size() - 1) / (count - 1));
      plots.add(weights(name, shortened(names, name), byGroup));
    }
    return Optional.of(new Figure(Math.min(HISTOGRAM_COLUMNS, count), plots));
  }

  private static Plot weights(
      String name, String title, Map<RunGroup, List<WeightHistogram>> byGroup) {
    List<RunGroup> groups = List.copyOf(byGroup.keySet());
    List<Curve> curves = new ArrayList<>();
    List<Double> verticals = List.of();
    for (int i = 0; i < groups.size(); i++) {
      for (WeightHistogram histogram : byGroup.getOrDefault(groups.get(i), List.of())) {
        if (histogram.name().equals(name)) {
          verticals = grid(histogram);
          curves.add(
              new Curve(
                  groups.get(i).name(), look(groups, i), Curve.Form.STEPS, shares(histogram)));
        }
      }
    }
    return new Plot(
        title,
        Axis.linear("weight (in step sizes)"),
        Axis.linear("share of the weights, a bin (%)"),
        curves,
        verticals);
  }

  private static List<Double> grid(WeightHistogram histogram) {
    boolean few = histogram.qMax() - histogram.qMin() <= MOST_GRID_LINES;
    return few
        ? IntStream.rangeClosed(histogram.qMin(), histogram.qMax())
            .mapToObj(level -> (double) level)
            .toList()
        : List.of((double) histogram.qMin(), (double) histogram.qMax());
  }

  private static List<Point> shares(WeightHistogram histogram) {
    int bins = histogram.counts().size();
    double width = (histogram.high() - histogram.low()) / bins;
    long all =
        histogram.below()
            + histogram.above()
            + histogram.counts().stream().mapToLong(Long::longValue).sum();
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < bins; i++) {
      points.add(Point.of(histogram.low() + i * width, 100.0 * histogram.counts().get(i) / all));
    }
    points.add(Point.of(histogram.high(), 0));
    return points;
  }

  /** A variable's name without what all names begin with. */
  private static String shortened(List<String> names, String name) {
    int same = 0;
    String first = names.get(0);
    for (int i = 0; i < first.length(); i++) {
      String start = first.substring(0, i + 1);
      if (!names.stream().allMatch(other -> other.startsWith(start))) {
        break;
      }
      same = first.charAt(i) == '/' ? i + 1 : same;
    }
    return name.substring(same).replaceAll("/(kernel|embeddings|weight)$", "");
  }
}
