package io.squat.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A line of {@code metrics.jsonl}: of a step, of the evaluation after an epoch, or of the
 * quantizers. What a line does not speak of is null.
 *
 * @param step how many batches were trained
 * @param loss the step's loss before its update
 * @param learningRate of the weights in the step
 * @param stepSizeLoss the loss of the step-size phase's own batch
 * @param epoch how many epochs were trained
 * @param dev the task's metrics on the dev rows
 * @param quantizers the quantizers after the step, by the variable or tensor that they quantize
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MetricsLine(
    long step,
    @Nullable Float loss,
    @Nullable Double learningRate,
    @Nullable Float stepSizeLoss,
    @Nullable Integer epoch,
    @Nullable Map<String, Double> dev,
    @Nullable Map<String, QuantizerState> quantizers) {

  static MetricsLine ofStep(
      long step, float loss, double learningRate, @Nullable Float stepSizeLoss) {
    return new MetricsLine(step, loss, learningRate, stepSizeLoss, null, null, null);
  }

  static MetricsLine ofEpoch(long step, DevScore score) {
    return new MetricsLine(step, null, null, null, score.epoch(), score.metrics(), null);
  }

  static MetricsLine ofQuantizers(long step, Map<String, QuantizerState> quantizers) {
    return new MetricsLine(step, null, null, null, null, null, quantizers);
  }
}
