package io.squat.sweep;

import io.squat.train.RunResult;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a run of a sweep is.
 *
 * @param run the run
 * @param state what became of it
 * @param step how many of its steps are done
 * @param dev the metrics after its last epoch so far; none before the first
 * @param result what came out of it, or null
 * @param seconds how long processes have worked on it, as far as it is known
 * @param stepSeconds how long of that after the first step of each
 * @param measuredSteps how many steps they did in that time
 * @param failure why it failed, or null
 */
public record RunStatus(
    SweepRun run,
    State state,
    long step,
    Map<String, Double> dev,
    @Nullable RunResult result,
    double seconds,
    double stepSeconds,
    long measuredSteps,
    @Nullable String failure) {

  /** What became of a run. */
  public enum State {
    /** It was not begun, or was stopped. */
    WAITING,
    /** A process works on it. */
    RUNNING,
    /** Its result is there. */
    DONE,
    /** Its process ended without a result. */
    FAILED
  }
}
