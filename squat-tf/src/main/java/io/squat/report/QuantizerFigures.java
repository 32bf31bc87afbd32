package io.squat.report;

import static java.util.Objects.requireNonNull;

import io.squat.plots.Axis;
import io.squat.plots.Curve;
import io.squat.plots.Figure;
import io.squat.plots.Look;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import io.squat.train.MetricsLine;
import io.squat.train.QuantizerState;
import io.squat.train.WeightHistogram;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** The pictures of the quantizers of runs, a column or a curve for the first seed of each group. */
final class QuantizerFigures {
  // A share of 0 has no place on a logarithmic axis.
  private static final double LEAST_SHARE = 1e-4;
  private static final int HISTOGRAMS = 6;
  private static final int HISTOGRAM_COLUMNS = 3;
  private static final int MOST_GRID_LINES = 16;
  private static final int DASHED = 1;

  private final List<RunGroup> groups;

  /** What was logged of quantizers; of groups whose runs logged it. */
  private final Map<RunGroup, List<MetricsLine>> watched = new LinkedHashMap<>();

  /**
   * Reads what there is to draw.
   *
   * @param groups the shown groups of a task and width
   */
  QuantizerFigures(List<RunGroup> groups) {
    this.groups = List.copyOf(groups);
    for (RunGroup group : groups) {
      ReportedRun run = group.runs().get(0);
      List<MetricsLine> lines =
          run.folder().stage(run.settings().lastStage()).metricsLines().stream()
              .filter(line -> line.quantizers() != null)
              .toList();
      if (!lines.isEmpty()) {
        watched.put(group, lines);
      }
    }
  }

  /**
   * The step sizes over time as parts of those at the start.
   *
   * @return empty if the runs did not log them
   */
  Optional<Figure> stepSizes() {
    return quantizers("step size / that at the start", QuantizerFigures::byStart);
  }

  /** The clipped shares, likewise. */
  Optional<Figure> clipped() {
    return quantizers("clipped share", QuantizerFigures::clippedShares);
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

  private Optional<Figure> quantizers(String label, Values values) {
    if (watched.isEmpty()) {
      return Optional.empty();
    }
    List<Plot> plots = new ArrayList<>();
    plots.addAll(row("weights", label, kind -> !kind.equals("activation"), values));
    plots.addAll(row("activations", label, kind -> kind.equals("activation"), values));
    return Optional.of(new Figure(watched.size(), plots));
  }

  private List<Plot> row(String what, String label, Predicate<String> kinds, Values values) {
    List<Plot> plots = new ArrayList<>();
    watched.forEach(
        (group, lines) -> {
          Map<String, List<QuantizerState>> states = new LinkedHashMap<>();
          for (MetricsLine line : lines) {
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
                    group.name() + ", " + what,
                    Axis.whole("step"),
                    Axis.log(label),
                    curves(lines.stream().map(MetricsLine::step).toList(), states, values),
                    List.of()));
          }
        });
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
  Optional<Figure> weights() {
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
    List<Look> looks = RunFigures.looks(groups);
    Set<Double> verticals = new TreeSet<>();
    for (int i = 0; i < groups.size(); i++) {
      for (WeightHistogram histogram : byGroup.getOrDefault(groups.get(i), List.of())) {
        if (histogram.name().equals(name)) {
          verticals.addAll(grid(histogram));
          curves.add(
              new Curve(groups.get(i).name(), looks.get(i), Curve.Form.STEPS, shares(histogram)));
        }
      }
    }
    return new Plot(
        title,
        Axis.linear("weight (in step sizes)"),
        Axis.linear("share of the weights, a bin (%)"),
        curves,
        List.copyOf(verticals));
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
