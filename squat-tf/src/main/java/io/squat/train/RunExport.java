package io.squat.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.eval.ModelDescription;
import io.squat.glue.Task;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.savedmodels.ServingModel;
import io.squat.savedmodels.WarmUpRequests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.tensorflow.TensorFlow;

/** Exports the model of a finished stage of a run. */
public final class RunExport {
  private final RunFolder run;
  private final RunSettings settings;

  /**
   * Prepares.
   *
   * @param run the run
   * @throws IllegalArgumentException if the folder is no run
   */
  public RunExport(RunFolder run) {
    this.run = run;
    this.settings = run.settings();
  }

  /** The last stage of the run's method. */
  public String lastStage() {
    return settings.lastStage();
  }

  /** The float stage, which every run has. */
  public static String floatStage() {
    return StageSettings.FLOAT;
  }

  /**
   * Writes the SavedModel of a stage, with requests that warm it up and a card that says what it
   * is.
   *
   * @param stage which stage
   * @param form what is written
   * @param version of this program, for the description
   * @param out the folder, which must not be there yet or be empty
   * @throws IllegalArgumentException if the stage is not finished, or the format does not allow its
   *     bits
   */
  public void write(String stage, ServingForm form, String version, Path out) {
    TrainedModel trained = TrainedModel.of(run, stage);
    requireWhole();
    form.check(trained.quantization());
    SavedModelWriter.requireFree(out);
    ServingModel served = form.export(trained.graph(), trained.quantization(), trained.values());
    int longest = settings.longestRow(trained.graph());
    Map<String, byte[]> files = assets(stage, form, longest, version);
    files.put(
        WarmUpRequests.FILE,
        WarmUp.file(settings, WarmUp.lengths(run.data(), longest), served, run.vocabulary()));
    ModelCard card = new ModelCard(run, stage, form.format(), served, longest, version);
    SavedModelWriter.write(
        out,
        served,
        files,
        bytes -> Map.of(ModelCard.FILE, card.text(bytes).getBytes(StandardCharsets.UTF_8)));
  }

  /** The step sizes of a finished run are those of its own bits, whatever its settings say now. */
  private void requireWhole() {
    RunResult result = run.readResult();
    RunResult now = RunResult.of(run, settings);
    requireSame("task", result.task(), now.task());
    requireSame("method", result.method(), now.method());
    requireSame("bits", result.bits(), now.bits());
    requireSame("seed", result.seed(), now.seed());
  }

  private void requireSame(String what, @Nullable Object then, @Nullable Object now) {
    if (!Objects.equals(then, now)) {
      throw new IllegalArgumentException(
          run.root()
              + ": expected the settings that the run ended with, found "
              + what
              + " "
              + now
              + " in settings.json and "
              + then
              + " in result.json");
    }
  }

  private Map<String, byte[]> assets(
      String stage, ServingForm form, int maxLength, String version) {
    Map<String, byte[]> assets = new LinkedHashMap<>();
    assets.put("assets/vocab.txt", read(run.vocabulary()));
    assets.put(
        "assets/" + ModelDescription.FILE, description(stage, form, maxLength, version).toJson());
    Task task = settings.task();
    if (!task.isRegression()) {
      String labels = String.join("\n", task.labels()) + "\n";
      assets.put("assets/labels.txt", labels.getBytes(StandardCharsets.UTF_8));
    }
    return assets;
  }

  private ModelDescription description(
      String stage, ServingForm form, int maxLength, String version) {
    List<DevScore> scores = run.stage(stage).scores();
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("squat", version);
    versions.put("tensorflow", TensorFlow.version());
    versions.put("java", Runtime.version().toString());
    return new ModelDescription(
        settings.task().displayName(),
        settings.task().labels(),
        settings.casing(),
        maxLength,
        form.format().label(),
        settings.trainHash(),
        scores.get(scores.size() - 1).metrics(),
        versions,
        new ObjectMapper().valueToTree(settings));
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
