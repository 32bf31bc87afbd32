package io.squat.sweep;

import io.squat.train.RunSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of a sweep.
 *
 * @param folder in the sweep's folder, such as {@code runs/CoLA/lsq-2-8-8-e3-.../seed-1}
 * @param name what tells it from other runs of its task and seed
 * @param settings what decides its numbers
 * @param floatRun the folder, in the sweep's, of the run that it starts from; null if it trains in
 *     float itself
 * @param arguments of {@code train}, without {@code --out} and {@code --float-run}
 * @param steps how many batches it trains on itself
 */
public record SweepRun(
    String folder,
    String name,
    RunSettings settings,
    @Nullable String floatRun,
    List<String> arguments,
    long steps) {
  /** Copies the list. */
  public SweepRun {
    arguments = List.copyOf(arguments);
  }

  /** The task's name. */
  public String task() {
    return settings.task().displayName();
  }
}
