package io.squat.glue;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;

/**
 * What a model is trained for: one of GLUE's tasks, or one of the user's own.
 *
 * <p>In JSON a task of GLUE is its name, and one's own an object that holds all of it.
 */
public sealed interface Task permits GlueTask, OwnTask {

  /**
   * Reads what Jackson wrote.
   *
   * @throws IllegalArgumentException if it is no task
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Task of(JsonNode json) {
    if (json.isTextual()) {
      return GlueTask.of(json.textValue());
    }
    try {
      return new ObjectMapper().treeToValue(json, OwnTask.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "expected the name of a GLUE task or the object of one's own, found "
              + e.getOriginalMessage(),
          e);
    }
  }

  /** The name to print, for example {@code SST-2}. */
  String displayName();

  /** The labels in the order of the class index; empty for regression. */
  List<String> labels();

  /** The task's metrics, the one for the headline first. */
  List<Metric> metrics();

  /** Whether a row has two texts. */
  boolean pair();

  /** Where the task's rows come from. */
  DataSource source();

  /** Whether the task asks for a score and not for a class. */
  @JsonIgnore
  default boolean isRegression() {
    return labels().isEmpty();
  }
}
