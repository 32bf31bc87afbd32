package io.squat.sweep;

import io.squat.train.Method;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/** How long the rest of a sweep takes, by what its runs took so far. */
final class TimeLeft {
  private TimeLeft() {}

  /**
   * Guesses.
   *
   * @param runs all runs
   * @param parallel how many are done at once
   */
  static OptionalDouble of(List<RunStatus> runs, int parallel) {
    double seconds = 0;
    for (RunStatus status : runs) {
      boolean open =
          status.state() == RunStatus.State.WAITING || status.state() == RunStatus.State.RUNNING;
      if (open) {
        OptionalDouble step = secondsAStep(runs, status.run());
        if (step.isEmpty()) {
          return OptionalDouble.empty();
        }
        seconds += step.getAsDouble() * (status.run().steps() - status.step());
      }
    }
    return OptionalDouble.of(seconds / parallel);
  }

  /** Of the same task and method, else of the same task, else of any. */
  private static OptionalDouble secondsAStep(List<RunStatus> runs, SweepRun run) {
    Method method = run.settings().method();
    OptionalDouble same =
        secondsAPass(
            runs, other -> other.task().equals(run.task()) && other.settings().method() == method);
    if (same.isEmpty()) {
      same = secondsAPass(runs, other -> other.task().equals(run.task()));
    }
    if (same.isEmpty()) {
      same = secondsAPass(runs, other -> true);
    }
    return same.isEmpty()
        ? same
        : OptionalDouble.of(same.getAsDouble() * run.settings().passesAStep());
  }

  private static OptionalDouble secondsAPass(List<RunStatus> runs, Predicate<SweepRun> alike) {
    double seconds = 0;
    double passes = 0;
    for (RunStatus status : runs) {
      if (alike.test(status.run()) && status.measuredSteps() > 0 && status.stepSeconds() > 0) {
        seconds += status.stepSeconds();
        passes += (double) status.measuredSteps() * status.run().settings().passesAStep();
      }
    }
    return passes == 0 ? OptionalDouble.empty() : OptionalDouble.of(seconds / passes);
  }
}
