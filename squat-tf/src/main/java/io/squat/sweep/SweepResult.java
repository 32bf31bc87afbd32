package io.squat.sweep;

import com.google.common.math.Stats;
import io.squat.train.RunResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a sweep.
 *
 * @param rows a row a task and run, over its seeds; runs without a result are in none
 * @param runs every run
 */
public record SweepResult(List<Row> rows, List<Line> runs) {
  /**
   * The seeds of one run.
   *
   * @param task the task
   * @param name the run's name
   * @param metric the task's first metric
   * @param seeds how many seeds are done
   * @param lastMean of the last epoch's model
   * @param lastDeviation the sample's standard deviation; null of a single seed
   * @param bestMean of the best epoch's
   * @param bestDeviation the same of it
   */
  public record Row(
      String task,
      String name,
      String metric,
      int seeds,
      double lastMean,
      @Nullable Double lastDeviation,
      double bestMean,
      @Nullable Double bestDeviation) {}

  /**
   * One run.
   *
   * @param folder in the sweep's
   * @param state what became of it
   * @param failure why it failed, or null
   * @param seconds how long it took, as far as it is known
   * @param result what came out of it, or null
   */
  public record Line(
      String folder,
      RunStatus.State state,
      @Nullable String failure,
      double seconds,
      @Nullable RunResult result) {}

  /** Copies the lists. */
  public SweepResult {
    rows = List.copyOf(rows);
    runs = List.copyOf(runs);
  }

  /** Sums up. */
  public static SweepResult of(List<RunStatus> statuses) {
    Map<List<String>, List<RunResult>> bySeed = new LinkedHashMap<>();
    List<Line> lines = new ArrayList<>();
    for (RunStatus status : statuses) {
      RunResult result = status.result();
      lines.add(
          new Line(
              status.run().folder(), status.state(), status.failure(), status.seconds(), result));
      if (result != null) {
        bySeed
            .computeIfAbsent(
                List.of(status.run().task(), status.run().name()), key -> new ArrayList<>())
            .add(result);
      }
    }
    List<Row> rows = new ArrayList<>();
    bySeed.forEach((key, results) -> rows.add(row(key.get(0), key.get(1), results)));
    return new SweepResult(rows, lines);
  }

  private static Row row(String task, String name, List<RunResult> results) {
    String metric = results.get(0).last().keySet().iterator().next();
    Stats last = stats(results, RunResult::last);
    Stats best = stats(results, RunResult::best);
    return new Row(
        task,
        name,
        metric,
        results.size(),
        last.mean(),
        deviation(last),
        best.mean(),
        deviation(best));
  }

  private static Stats stats(
      List<RunResult> results, Function<RunResult, Map<String, Double>> metrics) {
    return Stats.of(
        results.stream().map(result -> metrics.apply(result).values().iterator().next()).toList());
  }

  private static @Nullable Double deviation(Stats stats) {
    return stats.count() > 1 ? stats.sampleStandardDeviation() : null;
  }
}
