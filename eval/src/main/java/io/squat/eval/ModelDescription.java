package io.squat.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.squat.glue.Casing;
import io.squat.glue.OwnTask;
import io.squat.glue.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** Copies the list. */
  public ModelDescription {
    labels = List.copyOf(labels);
  }

  /**
   * Reads the description of a model.
   *
   * @param model the SavedModel folder
   * @return empty if it has none, as a model that somebody else wrote
   * @throws IllegalArgumentException if the file is not a description
   */
  public static Optional<ModelDescription> read(Path model) {
    Path file = model.resolve("assets").resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), ModelDescription.class));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file + ": expected a model's description as JSON, found " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
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
