package io.squat.sweep;

import java.util.List;
import java.util.OptionalDouble;

/** Is told how far a sweep is. */
public interface SweepView {
  /** A run was begun, done or has failed. */
  void changed(RunStatus run);

  /**
   * Called every second or so.
   *
   * @param runs all runs
   * @param secondsLeft how long the rest will take, if there is anything to guess it from
   */
  void show(List<RunStatus> runs, OptionalDouble secondsLeft);
}
