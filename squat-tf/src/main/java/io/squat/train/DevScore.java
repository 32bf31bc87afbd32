package io.squat.train;

import io.squat.glue.Metric;
import io.squat.glue.Task;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How a model does on the dev rows.
 *
 * @param epoch after which epoch of its stage, from 1
 * @param metrics the task's metrics by name, the headline first
 */
public record DevScore(int epoch, Map<String, Double> metrics) {

  /**
   * Scores predictions.
   *
   * @param task the task
   * @param epoch after which epoch, from 1
   * @param predictions class indices or values, in the file's order
   * @param labels the same for the labels
   */
  static DevScore of(Task task, int epoch, float[] predictions, float[] labels) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (Metric metric : task.metrics()) {
      metrics.put(metric.displayName(), metric.value(predictions, labels));
    }
    return new DevScore(epoch, metrics);
  }

  /** The value of the task's first metric. */
  public double headline() {
    return metrics.values().iterator().next();
  }
}
