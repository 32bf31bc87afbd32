package io.squat.sweep;

import io.squat.train.RunSettings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The runs that a plan asks for, in the order in which they are done: seed after seed, so that
 * there is soon a whole comparison; of each task first the float run, then those that start from
 * it.
 */
public final class SweepRuns {
  /** What the options of {@code train} mean. */
  @FunctionalInterface
  public interface Reader {
    /**
     * Reads the options of one run.
     *
     * @param arguments of {@code train}
     * @return its settings, and how many rows it trains on
     * @throws IllegalArgumentException if they are not right
     */
    Asked read(List<String> arguments);
  }

  /**
   * What one run was asked for.
   *
   * @param settings what decides its numbers
   * @param trainRows how many rows it trains on
   */
  public record Asked(RunSettings settings, int trainRows) {}

  private SweepRuns() {}

  /**
   * The runs of a plan; those that are asked for twice are there once.
   *
   * @throws IllegalArgumentException as the reader
   */
  public static List<SweepRun> of(SweepPlan plan, Reader reader) {
    List<SweepRun> runs = new ArrayList<>();
    for (String task : plan.data().keySet()) {
      for (long seed : plan.seeds()) {
        runs.addAll(of(plan, task, seed, reader));
      }
    }
    // A stable order: of one seed, tasks stay in theirs.
    runs.sort(Comparator.comparingInt(run -> plan.seeds().indexOf(run.settings().seed())));
    return runs;
  }

  private static List<SweepRun> of(SweepPlan plan, String task, long seed, Reader reader) {
    Map<RunSettings, SweepRun> runs = new LinkedHashMap<>();
    String floatRun = null;
    for (List<String> arguments : plan.floatArguments(task, seed)) {
      Asked asked = reader.read(arguments);
      floatRun = "float/" + task + "/seed-" + seed;
      runs.put(asked.settings(), run(floatRun, asked, arguments, null));
    }
    for (List<String> arguments : plan.runArguments(task, seed)) {
      Asked asked = reader.read(arguments);
      String folder = "runs/" + task + "/" + RunName.of(asked.settings()) + "/seed-" + seed;
      runs.putIfAbsent(
          asked.settings(),
          run(folder, asked, arguments, asked.settings().method().quantized() ? floatRun : null));
    }
    return List.copyOf(runs.values());
  }

  private static SweepRun run(
      String folder, Asked asked, List<String> arguments, @Nullable String floatRun) {
    RunSettings settings = asked.settings();
    int epochs = settings.method().quantized() ? settings.epochs() : settings.floatEpochs();
    long batches = (asked.trainRows() + settings.batch() - 1L) / settings.batch();
    return new SweepRun(
        folder, RunName.of(settings), settings, floatRun, arguments, epochs * batches);
  }
}
