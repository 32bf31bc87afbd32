package io.squat.cli;

import io.squat.train.DevScore;
import io.squat.train.RunResult;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints a run's scores, an epoch a line. */
final class ResultTable {
  private ResultTable() {}

  static void print(PrintWriter out, RunResult result) {
    out.printf(Locale.ROOT, "%s, %s, seed %d%n", result.task(), result.method(), result.seed());
    scores(out, "float", result.floatScores());
    scores(out, "quantized " + result.bits(), result.quantizedScores());
    out.println("best epoch: " + metrics(result.best()));
    out.println("last epoch: " + metrics(result.last()));
    result.further().forEach((split, scores) -> out.println(split + ": " + metrics(scores)));
  }

  private static void scores(PrintWriter out, String stage, List<DevScore> scores) {
    for (DevScore score : scores) {
      out.printf(
          Locale.ROOT, "  %-16s epoch %d  %s%n", stage, score.epoch(), metrics(score.metrics()));
    }
  }

  /** Metrics in percent, as GLUE's tables have them. */
  static String metrics(Map<String, Double> metrics) {
    return metrics.entrySet().stream()
        .map(entry -> String.format(Locale.ROOT, "%s %.2f", entry.getKey(), 100 * entry.getValue()))
        .collect(Collectors.joining(", "));
  }
}
