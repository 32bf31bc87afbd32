package io.squat.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.eval.ModelDescription;
import io.squat.glue.GlueTask;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.SavedModelWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
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
    return settings.method().quantized() ? StageSettings.QUANTIZED : StageSettings.FLOAT;
  }

  /** The float stage, which every run has. */
  public static String floatStage() {
    return StageSettings.FLOAT;
  }

  /**
   * Writes the SavedModel of a stage.
   *
   * @param stage which stage
   * @param form what is written
   * @param version of this program, for the description
   * @param out the folder, which must not be there yet or be empty
   * @throws IllegalArgumentException if the stage is not finished, or the format does not allow its
   *     bits
   */
  public void write(String stage, ServingForm form, String version, Path out) {
    if (!run.isDone(stage)) {
      throw new IllegalArgumentException(
          run.root()
              + ": expected a finished run, found one whose stage "
              + stage
              + " is not finished; go on with it by the same `squat train`");
    }
    SavedModelWriter.requireFree(out);
    ModelGraph model =
        Rewriting.withHead(
            SavedModelReader.readGraph(run.encoder(), settings.choice()), settings.outputs());
    Quantization quantization =
        stage.equals(StageSettings.QUANTIZED) ? settings.quantization() : Quantization.NONE;
    Map<String, byte[]> assets = new LinkedHashMap<>();
    assets.put("vocab.txt", read(run.vocabulary()));
    assets.put(ModelDescription.FILE, description(stage, form, version).toJson());
    GlueTask task = settings.task();
    if (!task.isRegression()) {
      String labels = String.join("\n", task.labels()) + "\n";
      assets.put("labels.txt", labels.getBytes(StandardCharsets.UTF_8));
    }
    SavedModelWriter.write(
        out,
        form.export(model, quantization, ModelValues.ofCheckpoint(run.variables(stage))),
        assets);
  }

  private ModelDescription description(String stage, ServingForm form, String version) {
    DevScore[] scores =
        RunFolder.readJson(run.model(stage).resolve("scores.json"), DevScore[].class);
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("squat", version);
    versions.put("tensorflow", TensorFlow.version());
    versions.put("java", Runtime.version().toString());
    return new ModelDescription(
        settings.task().officialName(),
        settings.task().labels(),
        settings.casing(),
        settings.maxLength(),
        form.format().label(),
        settings.trainHash(),
        scores[scores.length - 1].metrics(),
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
