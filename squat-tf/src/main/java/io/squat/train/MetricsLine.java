package io.squat.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
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

  private static final ObjectMapper JSON =
      // A step size was one number before there was one a channel.
      new ObjectMapper().enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY);

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

  /**
   * Reads a line of {@code metrics.jsonl}.
   *
   * @throws IllegalArgumentException if it is not such a line
   */
  public static MetricsLine parse(String line) {
    try {
      return JSON.readValue(line, MetricsLine.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "expected a JSON object a line, found " + e.getOriginalMessage(), e);
    }
  }

  /** The line as {@code metrics.jsonl} has it, without its end. */
  String text() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
