package io.squat.cli;

import io.squat.glue.Casing;
import io.squat.glue.Examples;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.SavedModelReader;
import io.squat.sweep.RunGrid;
import io.squat.train.Alternation;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import io.squat.train.RunSettings;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a model is trained: what {@code train} and {@code bench train} share. */
final class TrainingOptions {
  static final String DEFAULT_BITS = "4-8-8";
  static final String DEFAULT_ALTERNATION = "within";
  static final String DEFAULT_RHO = "0.01";
  static final String DEFAULT_RATE = "5e-5";
  static final String DEFAULT_STEP_RATE = "1e-3";

  @Option(
      names = "--method",
      defaultValue = "squat",
      description = "fp, lsq, saq or squat (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Method method;

  @Option(
      names = "--bits",
      paramLabel = "W-E-A",
      description =
          "Bits of linear weights, embedding tables and activations, each 2 to 8, or 32 for float"
              + " (default: those of a packed model, else "
              + DEFAULT_BITS
              + ").")
  private @Nullable BitWidths bits;

  @Option(
      names = "--levels",
      description =
          "Integers of linear weights and embedding tables: full or symmetric (default: symmetric at 2 bits, else full)."
              + " Activations have the full ones.")
  private @Nullable Levels levels;

  @Option(
      names = "--granularity",
      paramLabel = "tensor|channel",
      description =
          "What shares a step size in a linear layer's weights: all of them, or those of one output"
              + " channel; embeddings and activations have one a tensor (default: that of a packed"
              + " model, else tensor).")
  private @Nullable Granularity granularity;

  @Option(
      names = "--alternation",
      defaultValue = DEFAULT_ALTERNATION,
      paramLabel = "within|batches:K",
      description =
          "squat's two phases: both on each batch, or one on K batches and then the other on one"
              + " (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Alternation alternation;

  @Option(
      names = "--rho",
      defaultValue = DEFAULT_RHO,
      description = "Radius of the perturbation of saq and squat (default: ${DEFAULT-VALUE}).")
  private double rho;

  @Option(
      names = "--lr",
      defaultValue = DEFAULT_RATE,
      paramLabel = "RATE",
      description = "Peak learning rate of the weights (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--step-lr",
      defaultValue = DEFAULT_STEP_RATE,
      paramLabel = "RATE",
      description =
          "Peak learning rate of the step sizes, as a fraction of the step (default:"
              + " ${DEFAULT-VALUE}).")
  private double stepLearningRate;

  @Mixin private final OptimizerOptions others = new OptimizerOptions();

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec command;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  private long seed;

  /**
   * What a run reads, as its settings name it.
   *
   * @param train rows to train with
   * @param dev rows to score with
   * @param modelHash of the SavedModel
   * @param choice which graph and signature of it
   * @param casing of the vocabulary
   * @param recovered what a packed model was trained with, null for any other
   */
  record Data(
      Examples train,
      Examples dev,
      String modelHash,
      SavedModelReader.Choice choice,
      Casing casing,
      FrozenModel.@Nullable Recovered recovered) {}

  /**
   * The settings of a run.
   *
   * @param data what the run reads
   * @param floatEpochs passes in float; null for the default: none for a packed model that is
   *     trained on at its bits, else as many as {@code epochs}
   * @param epochs passes with quantizers; of fp, in float
   * @param maxLength tokens that rows are cut to
   * @throws IllegalArgumentException if one is out of its range
   */
  RunSettings settings(Data data, @Nullable Integer floatEpochs, int epochs, int maxLength) {
    Quantization quantization = bits(data.recovered());
    boolean trainedOn =
        data.recovered() != null && quantization.bits().toString().equals(data.recovered().bits());
    int inFloat = floatEpochs != null ? floatEpochs : trainedOn ? 0 : epochs;
    if (!method.quantized()) {
      refuseOfFp("--float-epochs", "--epochs", floatEpochs);
      refuseOfFp("--float-lr", "--lr", others.floatLearningRate());
    }
    checkBits(method, quantization);
    return new RunSettings(
        data.train().task(),
        data.train().sha256(),
        data.dev().sha256(),
        data.modelHash(),
        data.choice(),
        data.casing(),
        method,
        quantization.bits().toString(),
        quantization.levels(),
        quantization.granularity(),
        alternation.toString(),
        rho,
        method.quantized() ? inFloat : epochs,
        method.quantized() ? epochs : 0,
        batch(),
        maxLength,
        optimizer(),
        others.floatLearningRate(),
        others.trainRows(),
        seed);
  }

  /**
   * Refuses what was given and does nothing: it would still be a setting by which two runs differ.
   *
   * @throws IllegalArgumentException if there is an option that the method does not use
   */
  void refuseUnused() {
    for (String name : RunGrid.NAMES) {
      if (!RunGrid.names(method).contains(name)
          && command.commandLine().getParseResult().hasMatchedOption("--" + name)) {
        throw new IllegalArgumentException(
            "--"
                + name
                + ": expected with a method that uses it, found --method "
                + method.label()
                + ", of which "
                + String.join(", ", RunGrid.names(method))
                + " may vary; leave it out");
      }
    }
  }

  /**
   * Checks that there is something to quantize for a method that does.
   *
   * @throws IllegalArgumentException if there is not
   */
  static void checkBits(Method method, Quantization quantization) {
    boolean weights =
        quantization.grid(Quantizer.Kind.WEIGHT).isPresent()
            || quantization.grid(Quantizer.Kind.EMBEDDING).isPresent();
    if (method.perturbed() && !weights) {
      throw new IllegalArgumentException(
          "--bits: expected a width of 2 to 8 of linear weights or embedding tables, which --method "
              + method.label()
              + " perturbs, found "
              + quantization.bits());
    }
    if (method.quantized() && !weights && quantization.grid(Quantizer.Kind.ACTIVATION).isEmpty()) {
      throw new IllegalArgumentException(
          "--bits: expected at least one width of 2 to 8 with --method "
              + method.label()
              + ", found "
              + quantization.bits()
              + "; --method fp trains without quantizers");
    }
  }

  /** What is before quantization is all there is in fp, and has one name. */
  private static void refuseOfFp(String name, String own, @Nullable Object value) {
    if (value != null) {
      throw new IllegalArgumentException(
          name
              + ": expected with a method that quantizes, found "
              + value
              + " with --method fp; give "
              + own);
    }
  }

  Method method() {
    return method;
  }

  /**
   * What is quantized by methods that quantize.
   *
   * @param recovered what a packed model was trained with, null for any other
   */
  Quantization bits(FrozenModel.@Nullable Recovered recovered) {
    if (bits == null && recovered != null) {
      return new Quantization(
          BitWidths.parse(recovered.bits()),
          levels == null ? recovered.levels() : levels,
          granularity == null ? recovered.granularity() : granularity);
    }
    return new Quantization(
        bits == null ? BitWidths.parse(DEFAULT_BITS) : bits,
        levels,
        Objects.requireNonNullElse(granularity, Granularity.TENSOR));
  }

  Alternation alternation() {
    return alternation;
  }

  double rho() {
    return rho;
  }

  int batch() {
    return others.batch();
  }

  long seed() {
    return seed;
  }

  /**
   * The rates of the optimizer.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  OptimizerSettings optimizer() {
    return others.settings(learningRate, stepLearningRate);
  }

  /**
   * The levels of a name.
   *
   * @throws IllegalArgumentException if there are none
   */
  static Levels levels(String name) {
    return Arrays.stream(Levels.values())
        .filter(levels -> levels.name().equals(name.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "levels: expected full or symmetric, found \"" + name + "\""));
  }
}
