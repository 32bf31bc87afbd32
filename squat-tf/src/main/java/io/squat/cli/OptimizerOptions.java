package io.squat.cli;

import io.squat.train.OptimizerSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * How weights are moved, in float and with quantizers alike: what the runs of a comparison have in
 * common.
 */
final class OptimizerOptions {
  @Option(
      names = "--batch",
      defaultValue = "32",
      paramLabel = "ROWS",
      description = "Rows of a batch (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--float-lr",
      paramLabel = "RATE",
      description = "Peak learning rate of the weights in float (default: as --lr; of glue 5e-5).")
  private @Nullable Double floatLearningRate;

  @Option(
      names = "--train-rows",
      paramLabel = "N",
      description =
          "Train with so many of the rows, the first of the shuffled ones: the same with every seed"
              + " (default: all).")
  private @Nullable Integer trainRows;

  @Option(
      names = "--weight-decay",
      defaultValue = "0.01",
      description = "Decoupled decay of the weights (default: ${DEFAULT-VALUE}).")
  private double weightDecay;

  @Option(
      names = "--warmup",
      defaultValue = "0.1",
      paramLabel = "FRACTION",
      description = "Part of the steps in which the rates rise (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--clip",
      defaultValue = "1.0",
      paramLabel = "NORM",
      description = "Largest global norm of the weights' gradient (default: ${DEFAULT-VALUE}).")
  private double clip;

  @Option(
      names = "--dropout",
      defaultValue = "0.1",
      paramLabel = "RATE",
      description = "Rate of dropout (default: ${DEFAULT-VALUE}).")
  private double dropout;

  int batch() {
    return batch;
  }

  @Nullable Double floatLearningRate() {
    return floatLearningRate;
  }

  @Nullable Integer trainRows() {
    return trainRows;
  }

  /**
   * The optimizers' settings.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  OptimizerSettings settings(double learningRate, double stepLearningRate) {
    return new OptimizerSettings(
        learningRate, stepLearningRate, weightDecay, warmup, clip, dropout);
  }
}
