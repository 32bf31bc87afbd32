package io.squat.train;

import java.util.List;

/**
 * How far a stage has come; kept beside each checkpoint.
 *
 * @param step how many batches are done
 * @param scores the dev scores so far
 */
record StagePosition(long step, List<DevScore> scores) {
  static final StagePosition START = new StagePosition(0, List.of());

  StagePosition {
    scores = List.copyOf(scores);
  }
}
