package io.squat.report;

import com.google.common.primitives.Floats;
import io.squat.glue.Metric;
import io.squat.ops.BitWidths;
import io.squat.train.DevScore;
import io.squat.train.Method;
import io.squat.train.RunSettings;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finished runs that differ in the seed alone.
 *
 * @param task what their task is called
 * @param settings their settings, see {@link SettingsText#of}
 * @param differing the settings that groups of the same task differ in
 * @param runs the runs by their seeds
 * @param bytes the size of the model's parameters at their bits; null if it is not known
 */
record RunGroup(
    String task,
    Map<String, String> settings,
    List<String> differing,
    List<ReportedRun> runs,
    @Nullable Long bytes) {
  private static final String FLOAT_BITS = "32-32-32";

  /** Which of a run's epochs is looked at. */
  enum Epoch {
    /** The last: that of the model that is exported. */
    LAST("last"),
    /** The best on the dev rows: chosen by what it is judged by. */
    BEST("best");

    private final String label;

    Epoch(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }

    DevScore of(ReportedRun run) {
      return this == LAST ? run.last() : run.best();
    }
  }

  /** Groups finished runs. */
  static List<RunGroup> of(List<ReportedRun> runs) {
    TaskNames names = TaskNames.of(runs);
    Map<String, Map<Map<String, String>, List<ReportedRun>>> byTask = new LinkedHashMap<>();
    for (ReportedRun run : runs) {
      if (run.isFinished()) {
        byTask
            .computeIfAbsent(names.of(run), key -> new LinkedHashMap<>())
            .computeIfAbsent(SettingsText.of(run.settings()), key -> new ArrayList<>())
            .add(run);
      }
    }
    List<RunGroup> groups = new ArrayList<>();
    byTask.forEach((task, ofTask) -> groups.addAll(ofTask(task, ofTask)));
    groups.sort(
        Comparator.comparing(RunGroup::task)
            .thenComparing(RunGroup::isQuantized)
            .thenComparing(group -> BitWidths.parse(group.bits()))
            .thenComparing(RunGroup::method)
            .thenComparing(RunGroup::differences));
    return List.copyOf(groups);
  }

  private static List<RunGroup> ofTask(
      String task, Map<Map<String, String>, List<ReportedRun>> ofTask) {
    List<String> differing = SettingsText.differing(List.copyOf(ofTask.keySet()));
    List<RunGroup> groups = new ArrayList<>();
    ofTask.forEach(
        (settings, runs) -> {
          List<ReportedRun> bySeed =
              runs.stream()
                  .sorted(
                      Comparator.comparingLong((ReportedRun run) -> run.settings().seed())
                          .thenComparing(ReportedRun::name))
                  .toList();
          requireOneASeed(bySeed);
          ReportedRun first = bySeed.get(0);
          groups.add(
              new RunGroup(
                  task,
                  settings,
                  differing,
                  bySeed,
                  RunSize.bytes(first.folder(), first.settings()).orElse(null)));
        });
    return groups;
  }

  private static void requireOneASeed(List<ReportedRun> bySeed) {
    for (int i = 1; i < bySeed.size(); i++) {
      ReportedRun before = bySeed.get(i - 1);
      ReportedRun run = bySeed.get(i);
      if (before.settings().seed() == run.settings().seed()) {
        throw new IllegalArgumentException(
            run.folder().root()
                + ": expected one run of the same settings and seed, found another in "
                + before.folder().root()
                + "; give one of them alone");
      }
    }
  }

  private RunSettings first() {
    return runs.get(0).settings();
  }

  List<Metric> metrics() {
    return first().task().metrics();
  }

  /** The names of the classes; none of scores. */
  List<String> classes() {
    return first().task().labels();
  }

  Method method() {
    return first().method();
  }

  boolean isQuantized() {
    return method().quantized();
  }

  String bits() {
    return bits(first());
  }

  static String bits(RunSettings settings) {
    return settings.method().quantized() ? settings.bits() : FLOAT_BITS;
  }

  /** What tells it from other groups of its task, besides method and bits. */
  String differences() {
    return SettingsText.words(settings, differing);
  }

  /** Method and differences. */
  String name() {
    String differences = differences();
    return method().label() + (differences.isEmpty() ? "" : " (" + differences + ")");
  }

  List<Long> seeds() {
    return runs.stream().map(run -> run.settings().seed()).toList();
  }

  /** The run of a seed. */
  Optional<ReportedRun> run(long seed) {
    return runs.stream().filter(run -> run.settings().seed() == seed).findFirst();
  }

  /** A metric of every run. */
  List<Double> values(Metric metric, Epoch epoch) {
    return runs.stream()
        .map(run -> epoch.of(run).metrics().getOrDefault(metric.displayName(), Double.NaN))
        .toList();
  }

  double mean(Metric metric, Epoch epoch) {
    return Numbers.mean(values(metric, epoch));
  }

  /** The mean of the task's first metric after the last epoch, over those of its seeds. */
  double headline(List<Long> seeds) {
    String metric = metrics().get(0).displayName();
    return Numbers.mean(
        runs.stream()
            .filter(run -> seeds.contains(run.settings().seed()))
            .map(run -> run.last().metrics().getOrDefault(metric, Double.NaN))
            .toList());
  }

  /** Whether the runs of both start from the same float models, where they have the same seed. */
  boolean sameFloatStage(RunGroup other) {
    return SettingsText.ofFloatStage(settings).equals(SettingsText.ofFloatStage(other.settings));
  }

  /**
   * How many of its models say the same class of all dev rows after the last epoch; null for scores
   * and where predictions or labels were not kept, or the labels are of one class.
   */
  @Nullable Integer oneClass() {
    int count = 0;
    for (ReportedRun run : runs) {
      Optional<float[]> labels = run.folder().devLabels();
      Optional<float[]> said = run.predictions(run.last());
      if (first().task().isRegression()
          || labels.isEmpty()
          || said.isEmpty()
          || isConstant(labels.get())) {
        return null;
      }
      count += isConstant(said.get()) ? 1 : 0;
    }
    return count;
  }

  private static boolean isConstant(float[] values) {
    return Floats.asList(values).stream().distinct().count() == 1;
  }

  double deviation(Metric metric, Epoch epoch) {
    return Numbers.deviation(values(metric, epoch));
  }

  /** How often the last stage passed its rows forwards and backwards in all. */
  double passes() {
    return first().passes();
  }

  /** The size of its parameters at their bits, in MB, as far as it is known. */
  Optional<Double> megabytes() {
    return Optional.ofNullable(bytes).map(size -> size / 1e6);
  }
}
