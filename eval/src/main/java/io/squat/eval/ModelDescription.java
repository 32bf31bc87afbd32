package io.squat.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.squat.glue.Casing;
import io.squat.glue.OwnTask;
import io.squat.glue.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model that we exported says of itself in {@code assets/squat.json}.
 *
 * @param task the name of the task that it answers
 * @param labels the names of its classes in their order; empty for regression
 * @param casing how its vocabulary is used
 * @param maxLength the number of tokens that texts were cut to
 * @param format packed, int8 or float
 * @param dataHash SHA-256 of the training file, uncompressed
 * @param devMetrics the metrics of the run's last evaluation, as fractions
 * @param versions of this program, TensorFlow and Java
 * @param settings everything that decided the run's numbers
 */
public record ModelDescription(
    String task,
    List<String> labels,
    Casing casing,
    int maxLength,
    String format,
    String dataHash,
    Map<String, Double> devMetrics,
    Map<String, String> versions,
    JsonNode settings) {

  /** The file's name in {@code assets}. */
  public static final String FILE = "squat.json";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          // Fields that a later version of this program adds.
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** Copies the list. */
  public ModelDescription {
    labels = List.copyOf(labels);
  }

  /**
   * Reads the description of a model. Fields that are unknown here are ignored.
   *
   * @param model the SavedModel folder
   * @return empty if it has none, as a model that somebody else wrote
   * @throws IllegalArgumentException if the file is not a description, or lacks a part of it
   * @throws UncheckedIOException if the file cannot be read
   */
  public static Optional<ModelDescription> read(Path model) {
    Path file = model.resolve("assets").resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode json = JSON.readTree(Files.readAllBytes(file));
      checkComplete(file, json);
      ModelDescription description = JSON.treeToValue(json, ModelDescription.class);
      checkTask(file, description);
      return Optional.of(description);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file + ": expected a model's description as JSON, found " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void checkComplete(Path file, JsonNode json) {
    List<String> missing =
        Arrays.stream(ModelDescription.class.getRecordComponents())
            .map(RecordComponent::getName)
            .filter(name -> name.equals("settings") ? !json.has(name) : !json.hasNonNull(name))
            .toList();
    if (!missing.isEmpty()) {
      List<String> found = new ArrayList<>();
      json.fieldNames().forEachRemaining(found::add);
      throw new IllegalArgumentException(
          file
              + ": expected a model's description with all of its fields, found none of "
              + missing
              + " among "
              + found
              + "; export the model again");
    }
    JsonNode length = json.path("maxLength");
    if (!length.canConvertToInt()
        || !length.isIntegralNumber()
        || length.intValue() < TextFormat.LEAST_LENGTH) {
      throw new IllegalArgumentException(
          file
              + ": expected a maxLength of at least "
              + TextFormat.LEAST_LENGTH
              + " tokens, found "
              + length
              + "; export the model again");
    }
  }

  private static void checkTask(Path file, ModelDescription description) {
    try {
      description.trainedTask();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": settings: task: " + e.getMessage(), e);
    }
  }

  /** The task of the user's own that the model was trained for; empty for one of GLUE's. */
  public Optional<OwnTask> ownTask() {
    return trainedTask().filter(OwnTask.class::isInstance).map(OwnTask.class::cast);
  }

  /** Whether the model was trained on pairs of texts; empty if the settings do not say it. */
  public Optional<Boolean> pair() {
    return trainedTask().map(Task::pair);
  }

  private Optional<Task> trainedTask() {
    JsonNode trained = settings.path("task");
    return trained.isObject() || trained.isTextual()
        ? Optional.of(Task.of(trained))
        : Optional.empty();
  }

  /**
   * The description of the same model in another format, of which nothing was measured.
   *
   * @param otherFormat packed, int8 or float
   * @param otherCasing how its vocabulary is used
   * @param otherLength the number of tokens that texts are to be cut to
   */
  public ModelDescription unmeasured(String otherFormat, Casing otherCasing, int otherLength) {
    return new ModelDescription(
        task,
        labels,
        otherCasing,
        otherLength,
        otherFormat,
        dataHash,
        Map.of(),
        versions,
        settings);
  }

  /** The file's bytes. */
  public byte[] toJson() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
