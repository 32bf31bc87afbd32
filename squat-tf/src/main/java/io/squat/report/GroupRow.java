package io.squat.report;

import io.squat.glue.Metric;
import io.squat.train.PlainNumber;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came out of runs that differ in the seed alone. Metrics and differences are fractions.
 *
 * @param task the task
 * @param method the method
 * @param bits W-E-A
 * @param settings what else tells it from the other groups of its task
 * @param seeds the seeds of the finished runs
 * @param passes how often the last stage passed its rows forwards and backwards
 * @param megabytes of the parameters at their bits, counted, without graph and vocabulary; null if
 *     it is not known
 * @param last the metrics after the last epoch
 * @param best the metrics after the epoch that was best by the first of them, on the same dev rows
 * @param further the metrics after the last epoch on rows with labels besides dev, by split and
 *     metric, such as {@code dev_mismatched accuracy}, of which all seeds have a value
 * @param oneClass how many of the seeds' models say the same class of all dev rows after the last
 *     epoch; null for scores, and where it is not known
 * @param differences to other groups
 */
public record GroupRow(
    String task,
    String method,
    String bits,
    String settings,
    List<Long> seeds,
    double passes,
    @Nullable Double megabytes,
    Map<String, Sample> last,
    Map<String, Sample> best,
    Map<String, Sample> further,
    @Nullable Integer oneClass,
    List<Difference> differences) {

  /** Marks an interval to which the seeds add nothing. */
  static final String ROWS_ALONE = "\u2020";

  /** Marks a group with models that say one class of all rows. */
  static final String ONE_CLASS = "\u2021";

  /**
   * A number over seeds.
   *
   * @param mean the mean
   * @param deviation the standard deviation by n - 1; null of one seed
   */
  public record Sample(double mean, @Nullable Double deviation) {
    static Sample of(List<Double> values) {
      return new Sample(Numbers.mean(values), values.size() > 1 ? Numbers.deviation(values) : null);
    }

    /** In percent, such as {@code 71.32 ± 0.45}. */
    public String percentText() {
      return Numbers.percent(mean) + (deviation == null ? "" : " ± " + Numbers.percent(deviation));
    }
  }

  /**
   * The difference to another group, over the seeds that both have.
   *
   * @param to what it is compared with
   * @param metric of which metric
   * @param epoch {@code last} or {@code best}
   * @param seeds how many seeds both have
   * @param mean the difference
   * @param low the lower end of its 95 % interval
   * @param high the upper end
   * @param seedShare which part of the interval's variance is that of the seeds; null of one seed
   */
  public record Difference(
      String to,
      String metric,
      String epoch,
      int seeds,
      double mean,
      double low,
      double high,
      @Nullable Double seedShare) {
    /** In percentage points, such as {@code +0.90 [-0.20, +2.01]}; with a mark if rows are all. */
    String percent() {
      return Numbers.signedPercent(mean)
          + " ["
          + Numbers.signedPercent(low)
          + ", "
          + Numbers.signedPercent(high)
          + "]"
          + (seedShare != null && seedShare == 0 ? " " + ROWS_ALONE : "");
    }
  }

  /** Whether there are models that say one class of all rows, which their scores do not show. */
  boolean isMarkedOneClass() {
    return oneClass != null && oneClass > 0;
  }

  static GroupRow of(RunGroup group, List<Comparison> comparisons) {
    return new GroupRow(
        group.task(),
        group.method().label(),
        group.bits(),
        group.differences(),
        group.seeds(),
        group.passes(),
        group.megabytes().orElse(null),
        samples(group, RunGroup.Epoch.LAST),
        samples(group, RunGroup.Epoch.BEST),
        further(group),
        group.oneClass(),
        comparisons.stream()
            .filter(comparison -> comparison.ours().equals(group))
            .map(
                comparison ->
                    new Difference(
                        comparison.baseline().label(),
                        comparison.metric().displayName(),
                        comparison.epoch().label(),
                        comparison.seeds(),
                        comparison.interval().difference(),
                        comparison.interval().low(),
                        comparison.interval().high(),
                        Double.isNaN(comparison.interval().seedShare())
                            ? null
                            : (Double) comparison.interval().seedShare()))
            .toList());
  }

  private static Map<String, Sample> samples(RunGroup group, RunGroup.Epoch epoch) {
    Map<String, Sample> samples = new LinkedHashMap<>();
    for (Metric metric : group.metrics()) {
      samples.put(metric.displayName(), Sample.of(group.values(metric, epoch)));
    }
    return samples;
  }

  private static Map<String, Sample> further(RunGroup group) {
    Map<String, List<Double>> values = new LinkedHashMap<>();
    for (ReportedRun run : group.runs()) {
      run.further()
          .forEach(
              (name, value) -> values.computeIfAbsent(name, key -> new ArrayList<>()).add(value));
    }
    Map<String, Sample> samples = new LinkedHashMap<>();
    values.forEach(
        (name, all) -> {
          if (all.size() == group.runs().size()) {
            samples.put(name, Sample.of(all));
          }
        });
    return samples;
  }

  /** The names of all groups' further metrics. */
  static List<String> further(List<GroupRow> rows) {
    return rows.stream().flatMap(row -> row.further().keySet().stream()).distinct().toList();
  }

  /** All groups as a table of numbers, for other programs. */
  static Block.Table csv(List<GroupRow> rows) {
    List<String> metrics =
        rows.stream().flatMap(row -> row.last().keySet().stream()).distinct().toList();
    List<String> head =
        new ArrayList<>(
            List.of(
                "task",
                "method",
                "bits",
                "settings",
                "n",
                "seeds",
                "one class",
                "passes",
                "megabytes"));
    for (RunGroup.Epoch epoch : RunGroup.Epoch.values()) {
      for (String metric : metrics) {
        String name = epoch.label() + " " + metric;
        head.addAll(List.of(name + " mean", name + " deviation"));
        for (Comparison.Baseline baseline : Comparison.Baseline.values()) {
          String to = name + " minus " + baseline.label();
          head.addAll(List.of(to, to + " low", to + " high", to + " seeds", to + " seed share"));
        }
      }
    }
    List<String> further = further(rows);
    further.forEach(name -> head.addAll(List.of(name + " mean", name + " deviation")));
    return new Block.Table(head, rows.stream().map(row -> row.cells(metrics, further)).toList());
  }

  private List<String> cells(List<String> metrics, List<String> further) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                task,
                method,
                bits,
                settings,
                String.valueOf(seeds.size()),
                String.join(" ", seeds.stream().map(String::valueOf).toList()),
                oneClass == null ? "" : String.valueOf(oneClass),
                PlainNumber.of(passes),
                megabytes == null ? "" : String.valueOf(megabytes)));
    for (RunGroup.Epoch epoch : RunGroup.Epoch.values()) {
      Map<String, Sample> samples = epoch == RunGroup.Epoch.LAST ? last : best;
      for (String metric : metrics) {
        cells.addAll(cells(samples.get(metric)));
        for (Comparison.Baseline baseline : Comparison.Baseline.values()) {
          cells.addAll(cells(difference(baseline.label(), metric, epoch.label())));
        }
      }
    }
    further.forEach(name -> cells.addAll(cells(this.further.get(name))));
    return cells;
  }

  private static List<String> cells(@Nullable Sample sample) {
    return sample == null
        ? List.of("", "")
        : List.of(
            String.valueOf(sample.mean()),
            sample.deviation() == null ? "" : String.valueOf(sample.deviation()));
  }

  private static List<String> cells(@Nullable Difference difference) {
    return difference == null
        ? List.of("", "", "", "", "")
        : List.of(
            String.valueOf(difference.mean()),
            String.valueOf(difference.low()),
            String.valueOf(difference.high()),
            String.valueOf(difference.seeds()),
            difference.seedShare() == null ? "" : String.valueOf(difference.seedShare()));
  }

  /** The difference to a baseline, or null. */
  @Nullable Difference difference(String to, String metric, String epoch) {
    return differences.stream()
        .filter(
            one -> one.to().equals(to) && one.metric().equals(metric) && one.epoch().equals(epoch))
        .findFirst()
        .orElse(null);
  }
}
