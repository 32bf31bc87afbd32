package io.squat.report;

import static java.util.Objects.requireNonNull;

import io.squat.train.RunResult;
import io.squat.train.RunSettings;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The float stages of runs, which are runs of fp in them: of a run that a sweep made there is a
 * folder of that one, of a run by {@code train} alone there is none.
 */
final class FloatStages {
  private FloatStages() {}

  /**
   * The float stages that are none of the runs, each once: runs of the same float settings and seed
   * have the same one, bit for bit.
   */
  static List<ReportedRun> of(List<ReportedRun> runs) {
    Set<Map.Entry<Map<String, String>, Long>> seen = new HashSet<>();
    runs.stream()
        .filter(run -> run.isFinished() && !run.settings().method().quantized())
        .forEach(run -> seen.add(key(run.settings())));
    List<ReportedRun> stages = new ArrayList<>();
    for (ReportedRun run : runs) {
      if (run.result() != null
          && run.settings().method().quantized()
          && !run.result().floatScores().isEmpty()
          && seen.add(key(run.settings()))) {
        stages.add(floatStage(run));
      }
    }
    return stages;
  }

  private static Map.Entry<Map<String, String>, Long> key(RunSettings settings) {
    return Map.entry(SettingsText.ofFloatStage(SettingsText.of(settings)), settings.seed());
  }

  private static ReportedRun floatStage(ReportedRun run) {
    RunSettings settings = run.settings().floatStage();
    RunResult result = requireNonNull(run.result(), run.name()).floatStage();
    return new ReportedRun(run.name(), run.folder(), settings, result, null);
  }
}
