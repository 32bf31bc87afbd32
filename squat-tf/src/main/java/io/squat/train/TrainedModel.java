package io.squat.train;

import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelReader;
import java.nio.file.Path;

/**
 * The model of a finished stage of a run.
 *
 * @param graph the canonical model with its task head
 * @param quantization what of it is quantized
 * @param variables the prefix of the checkpoint with its variables and step sizes
 */
public record TrainedModel(ModelGraph graph, Quantization quantization, Path variables) {

  /**
   * Reads it.
   *
   * @param run the run
   * @param stage the stage
   * @throws IllegalArgumentException if the folder is no run, or the stage is not finished
   */
  public static TrainedModel of(RunFolder run, String stage) {
    RunSettings settings = run.settings();
    run.requireModel(stage);
    return new TrainedModel(
        Rewriting.withHead(
            SavedModelReader.readGraph(run.encoder(), settings.choice()), settings.outputs()),
        stage.equals(StageSettings.QUANTIZED) ? settings.quantization() : Quantization.NONE,
        run.stage(stage).variables());
  }

  /** The values of variables and step sizes. */
  public ModelValues values() {
    return ModelValues.ofCheckpoint(variables);
  }
}
