package io.squat.report;

import static java.util.Objects.requireNonNull;

import io.squat.train.DevScore;
import io.squat.train.RunResult;
import io.squat.train.RunSettings;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The float stages of runs, which are runs of fp in them: of a run that a sweep made there is a
 * folder of that one, of a run by {@code train} alone there is none.
 *
 * @param stages those that are none of the runs, one for all runs of the same float settings and
 *     seed: on one machine with the same threads they have the same one, bit for bit
 * @param differing runs whose float stages came out differently all the same; none is shown of them
 */
record FloatStages(List<ReportedRun> stages, Set<String> differing) {

  /** What runs with the same float stage have in common. */
  private record Key(Map<String, String> settings, long seed) {
    static Key of(RunSettings settings) {
      return new Key(SettingsText.ofFloatStage(SettingsText.of(settings)), settings.seed());
    }
  }

  static FloatStages of(List<ReportedRun> runs) {
    Map<Key, List<ReportedRun>> alike = new LinkedHashMap<>();
    for (ReportedRun run : runs) {
      if (run.isFinished() && !floatScores(run).isEmpty()) {
        alike.computeIfAbsent(Key.of(run.settings()), key -> new ArrayList<>()).add(run);
      }
    }
    List<ReportedRun> stages = new ArrayList<>();
    Set<String> differing = new TreeSet<>();
    for (List<ReportedRun> some : alike.values()) {
      if (some.stream().map(FloatStages::floatScores).distinct().count() > 1) {
        some.forEach(run -> differing.add(run.name()));
      } else if (some.stream().allMatch(run -> run.settings().method().quantized())) {
        stages.add(floatStage(some.get(0)));
      }
    }
    return new FloatStages(List.copyOf(stages), differing);
  }

  private static List<DevScore> floatScores(ReportedRun run) {
    return requireNonNull(run.result(), run.name()).floatScores();
  }

  private static ReportedRun floatStage(ReportedRun run) {
    RunSettings settings = run.settings().floatStage();
    RunResult result = requireNonNull(run.result(), run.name()).floatStage();
    return new ReportedRun(run.name(), run.folder(), settings, result, null);
  }

  /** What a reader has to know of them; empty if there are none. */
  String text() {
    return (stages.isEmpty()
            ? ""
            : " fp is the float stage of the other runs where it is no run of its own.")
        + (differing.isEmpty()
            ? ""
            : " The float stages of "
                + String.join(", ", differing)
                + " have the same settings and other scores (other threads, another device or machine):"
                + " these runs do not start from one float model. --float-run lets them.");
  }
}
