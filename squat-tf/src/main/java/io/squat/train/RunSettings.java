package io.squat.train;

import io.squat.glue.Batches;
import io.squat.glue.Casing;
import io.squat.glue.Examples;
import io.squat.glue.Task;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelReader;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything that decides a run's numbers, as {@code settings.json} of its folder holds it.
 *
 * @param task the task
 * @param trainHash SHA-256 of the training file, uncompressed
 * @param devHash SHA-256 of the dev file, uncompressed
 * @param model SHA-256 of the model's {@code saved_model.pb} and of its variables' index
 * @param choice which graph and signature of the model
 * @param casing how the vocabulary is used
 * @param method how the model is trained
 * @param bits W-E-A
 * @param levels which integers weights use; null if they are those that the widths have by default
 * @param granularity which weights of a linear layer share a step size
 * @param alternation of squat's phases
 * @param rho the radius of the perturbation
 * @param floatEpochs passes over the rows in float, before quantization; 0 begins with the model as
 *     it is
 * @param epochs passes over the rows with quantizers; none for {@code fp}
 * @param batch rows a batch
 * @param maxLength tokens that a row may have
 * @param optimizer the optimizers' settings
 * @param floatLearningRate the peak rate of the weights in the float stage; null if it is that of
 *     {@code optimizer}, as it always is for {@code fp}
 * @param trainRows so many of the training rows are used, the same ones with every seed; null for
 *     all of them
 * @param seed of everything random
 */
public record RunSettings(
    Task task,
    String trainHash,
    String devHash,
    String model,
    SavedModelReader.Choice choice,
    Casing casing,
    Method method,
    String bits,
    @Nullable Levels levels,
    Granularity granularity,
    String alternation,
    double rho,
    int floatEpochs,
    int epochs,
    int batch,
    int maxLength,
    OptimizerSettings optimizer,
    @Nullable Double floatLearningRate,
    @Nullable Integer trainRows,
    long seed) {

  private static final long TRAIN_ROWS_SEED = 0;

  /**
   * Checks the ranges, and leaves out levels that are the default. Files of before there was a
   * granularity have none: a tensor's.
   */
  public RunSettings {
    granularity = Objects.requireNonNullElse(granularity, Granularity.TENSOR);
    levels = new Quantization(BitWidths.parse(bits), levels, granularity).levels();
    Alternation.parse(alternation);
    atLeast("epochs", epochs, 0);
    atLeast("float-epochs", floatEpochs, method.quantized() ? 0 : 1);
    atLeast("batch", batch, 1);
    atLeast("max-length", maxLength, 3);
    if (trainRows != null) {
      atLeast("train-rows", trainRows, 1);
    }
    if (!method.quantized()
        || (floatLearningRate != null && floatLearningRate == optimizer.learningRate())) {
      floatLearningRate = null;
    }
    if (floatLearningRate != null && !(floatLearningRate > 0 && floatLearningRate < 1)) {
      throw new IllegalArgumentException(
          "float-lr: expected between 0 and 1, found " + floatLearningRate);
    }
    if (!(rho >= 0 && rho < 10)) {
      throw new IllegalArgumentException("rho: expected 0 up to 10, found " + rho);
    }
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + ": expected at least " + least + ", found " + value);
    }
  }

  /** The name of the last stage: the one whose model is the run's. */
  public String lastStage() {
    return method.quantized() ? StageSettings.QUANTIZED : StageSettings.FLOAT;
  }

  /** The optimizers' settings of a stage. */
  OptimizerSettings optimizer(StageSettings stage) {
    return floatLearningRate != null && stage.name().equals(StageSettings.FLOAT)
        ? optimizer.withLearningRate(floatLearningRate)
        : optimizer;
  }

  /** Those of a run of fp that does what the float stage of this run does. */
  public RunSettings floatStage() {
    return new RunSettings(
        task,
        trainHash,
        devHash,
        model,
        choice,
        casing,
        Method.FP,
        bits,
        levels,
        granularity,
        alternation,
        rho,
        floatEpochs,
        epochs,
        batch,
        maxLength,
        floatLearningRate == null ? optimizer : optimizer.withLearningRate(floatLearningRate),
        null,
        trainRows,
        seed);
  }

  /** What decides the numbers of the float stage. */
  FloatSettings floatSettings() {
    return new FloatSettings(
        task,
        trainHash,
        devHash,
        trainRows,
        model,
        choice,
        casing,
        floatEpochs,
        batch,
        maxLength,
        floatLearningRate == null ? optimizer.learningRate() : floatLearningRate,
        optimizer.weightDecay(),
        optimizer.warmup(),
        optimizer.clip(),
        optimizer.dropout(),
        seed);
  }

  /** How often a step of the last stage passes its rows forwards and backwards. */
  public double passesAStep() {
    return method.passes(Alternation.parse(alternation), 1);
  }

  /** How often the last stage passes its rows forwards and backwards in all. */
  public double passes() {
    return method.passes(Alternation.parse(alternation), method.quantized() ? epochs : floatEpochs);
  }

  /**
   * Checks that there is a batch that moves the step sizes.
   *
   * @param rows how many the run trains on
   * @throws IllegalArgumentException if the stage ends before
   */
  void checkAlternation(int rows) {
    Alternation phases = Alternation.parse(alternation);
    long steps = (long) epochs * Batches.count(rows, batch);
    if (method.alternating() && phases.sharpnessBatches() > steps && epochs > 0) {
      throw new IllegalArgumentException(
          "alternation: expected batches:K with K of at most the "
              + steps
              + " steps of the quantized stage, or no step size would move; found "
              + phases);
    }
  }

  /**
   * The tokens that rows are cut to: those of the settings, or as many as a model has positions.
   */
  public int longestRow(ModelGraph model) {
    return Math.min(maxLength, BertStructure.of(model).positions(model).orElse(maxLength));
  }

  /**
   * The rows that the run trains on: all of the file's, or the first of them when they are
   * shuffled, the same ones with every seed, so that seeds can be compared.
   *
   * @param all the rows of the training file
   * @throws IllegalArgumentException if there are fewer than the settings ask for
   */
  public Examples trainingRows(Examples all) {
    if (trainRows == null) {
      return all;
    }
    if (trainRows > all.rows().size()) {
      throw new IllegalArgumentException(
          "train-rows: expected at most the "
              + all.rows().size()
              + " training rows of "
              + all.task().displayName()
              + ", found "
              + trainRows);
    }
    return all.some(trainRows, TRAIN_ROWS_SEED);
  }

  /** What the run quantizes. */
  public Quantization quantization() {
    return method.quantized()
        ? new Quantization(BitWidths.parse(bits), levels, granularity)
        : Quantization.NONE;
  }

  /** How many outputs the task's head has: one a class, or one for a value. */
  public int outputs() {
    return task.isRegression() ? 1 : task.labels().size();
  }
}
