package io.squat.report;

import io.squat.glue.Metric;
import io.squat.train.Method;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A group of runs compared with another one.
 *
 * @param ours the group
 * @param baseline what it is compared with
 * @param theirs the runs of that
 * @param metric the metric
 * @param epoch of both
 * @param seeds how many seeds both have
 * @param interval the difference
 */
record Comparison(
    RunGroup ours,
    Baseline baseline,
    RunGroup theirs,
    Metric metric,
    RunGroup.Epoch epoch,
    int seeds,
    PairedBootstrap.Interval interval) {

  private static final Set<String> SAM =
      Set.of(SettingsText.METHOD, SettingsText.RHO, SettingsText.ALTERNATION);
  private static final Set<String> SAM_AND_EPOCHS =
      Set.of(SettingsText.METHOD, SettingsText.RHO, SettingsText.ALTERNATION, SettingsText.EPOCHS);

  /** What groups are compared with. */
  enum Baseline {
    /** {@code lsq} with the same settings. */
    LSQ("lsq, equal epochs"),
    /** {@code lsq} with as many passes over the rows, in more epochs. */
    LSQ_PASSES("lsq, equal passes"),
    /**
     * The {@code lsq} from the same float models with the highest mean after the last epoch, among
     * those that have all seeds and over these, where it is neither of those.
     */
    LSQ_BEST("best lsq"),
    /** {@code fp}: the float stage that the runs start from. */
    FP("fp");

    private final String label;

    Baseline(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }

    /** The baseline of a group, if it is among the groups. */
    Optional<RunGroup> of(RunGroup ours, List<RunGroup> groups) {
      return groups.stream()
          .filter(theirs -> theirs.equals(ours) ? isBestOf(ours) : fits(ours, theirs))
          .max(Comparator.comparingDouble(theirs -> theirs.headline(ours.seeds())))
          .filter(theirs -> !theirs.equals(ours))
          .filter(
              theirs ->
                  this != LSQ_BEST || (!LSQ.fits(ours, theirs) && !LSQ_PASSES.fits(ours, theirs)));
    }

    /** Whether the group could be the best one itself. */
    private boolean isBestOf(RunGroup ours) {
      return this == LSQ_BEST && ours.method() == Method.LSQ;
    }

    /** Whether one group may be the other's baseline. */
    boolean fits(RunGroup ours, RunGroup theirs) {
      if (ours.equals(theirs)
          || !ours.isQuantized()
          || !ours.task().equals(theirs.task())
          || theirs.method() != (this == FP ? Method.FP : Method.LSQ)) {
        return false;
      }
      return switch (this) {
        case LSQ -> without(ours, SAM).equals(without(theirs, SAM));
        case LSQ_PASSES ->
            without(ours, SAM_AND_EPOCHS).equals(without(theirs, SAM_AND_EPOCHS))
                && ours.passes() == theirs.passes()
                && !LSQ.fits(ours, theirs);
        case LSQ_BEST ->
            ours.bits().equals(theirs.bits())
                && ours.sameFloatStage(theirs)
                && theirs.seeds().containsAll(ours.seeds());
        case FP -> ours.sameFloatStage(theirs);
      };
    }

    private static Map<String, String> without(RunGroup group, Set<String> names) {
      Map<String, String> left = new HashMap<>(group.settings());
      left.keySet().removeAll(names);
      return left;
    }
  }

  /** All comparisons of groups, by group, baseline, epoch and metric. */
  static List<Comparison> of(List<RunGroup> groups) {
    List<Work> work = new ArrayList<>();
    for (RunGroup ours : groups) {
      for (Baseline baseline : Baseline.values()) {
        baseline
            .of(ours, groups)
            .ifPresent(
                theirs -> {
                  for (RunGroup.Epoch epoch : RunGroup.Epoch.values()) {
                    for (Metric metric : ours.metrics()) {
                      work.add(new Work(ours, baseline, theirs, metric, epoch));
                    }
                  }
                });
      }
    }
    // Each has its own random numbers: threads change none.
    return work.parallelStream().map(Work::compare).flatMap(Optional::stream).toList();
  }

  private record Work(
      RunGroup ours, Baseline baseline, RunGroup theirs, Metric metric, RunGroup.Epoch epoch) {

    /** Empty where no seed has both runs with their predictions and labels. */
    Optional<Comparison> compare() {
      List<PairedBootstrap.Pair> pairs = new ArrayList<>();
      Optional<float[]> labels = Optional.empty();
      for (ReportedRun run : ours.runs()) {
        Optional<ReportedRun> other = theirs.run(run.settings().seed());
        Optional<float[]> mine = run.predictions(epoch.of(run));
        Optional<float[]> others = other.flatMap(found -> found.predictions(epoch.of(found)));
        Optional<float[]> found = run.folder().devLabels();
        if (mine.isPresent() && others.isPresent() && found.isPresent()) {
          labels = found;
          pairs.add(new PairedBootstrap.Pair(mine.get(), others.get()));
        }
      }
      return labels.map(
          rows ->
              new Comparison(
                  ours,
                  baseline,
                  theirs,
                  metric,
                  epoch,
                  pairs.size(),
                  PairedBootstrap.of(metric, rows, pairs)));
    }
  }
}
