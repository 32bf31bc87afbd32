package io.squat.report;

import static java.util.Objects.requireNonNull;

import io.squat.train.DevScore;
import io.squat.train.RunFolder;
import io.squat.train.RunResult;
import io.squat.train.RunSettings;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A run as the report knows it.
 *
 * @param name its folder in the folders that were given
 * @param folder where it is
 * @param settings what decides its numbers
 * @param result what came out of it; null if it is not finished
 * @param failure why it failed; null if it did not
 */
record ReportedRun(
    String name,
    RunFolder folder,
    RunSettings settings,
    @Nullable RunResult result,
    @Nullable String failure) {

  boolean isFinished() {
    return result != null;
  }

  String state() {
    if (isFinished()) {
      return "finished";
    }
    return failure == null ? "unfinished" : "failed: " + failure;
  }

  /** The scores of the last stage, an epoch each. */
  List<DevScore> scores() {
    return requireNonNull(result, name).lastScores();
  }

  DevScore last() {
    return scores().get(scores().size() - 1);
  }

  /** The first of the epochs that are best by the task's first metric. */
  DevScore best() {
    return scores().stream()
        .max(
            Comparator.comparingDouble(DevScore::headline)
                .thenComparing(DevScore::epoch, Comparator.reverseOrder()))
        .orElseThrow();
  }

  /** The metrics on rows with labels besides dev, by split and metric. */
  Map<String, Double> further() {
    Map<String, Double> further = new LinkedHashMap<>();
    requireNonNull(result, name)
        .further()
        .forEach(
            (split, metrics) ->
                metrics.forEach((metric, value) -> further.put(split + " " + metric, value)));
    return further;
  }

  /** What the last stage said of the dev rows after an epoch, if that was kept. */
  Optional<float[]> predictions(DevScore after) {
    return folder.stage(settings.lastStage()).devPredictions(after.epoch());
  }
}
