package io.squat.train;

/**
 * How the variables are moved.
 *
 * @param learningRate the peak rate of weights
 * @param stepLearningRate the peak rate of step sizes, as a fraction of the step
 * @param weightDecay decoupled decay of kernels and tables; biases, layer norms and steps have none
 * @param warmup the fraction of all steps in which the rates rise from 0; they fall to 0 linearly
 *     after it
 * @param clip the largest global norm of the weights' gradient
 * @param dropout the rate of dropout
 */
public record OptimizerSettings(
    double learningRate,
    double stepLearningRate,
    double weightDecay,
    double warmup,
    double clip,
    double dropout) {

  /** Of {@link io.squat.ops.StatelessDropout}, which has 16 bits. */
  private static final double MOST_DROPOUT = 0.9999;

  /** The defaults of BERT's fine-tuning. */
  public static final OptimizerSettings DEFAULT =
      new OptimizerSettings(5e-5, 1e-3, 0.01, 0.1, 1.0, 0.1);

  /** Checks the ranges. */
  public OptimizerSettings {
    check("lr", learningRate, learningRate > 0 && learningRate < 1, "between 0 and 1");
    check(
        "step-lr",
        stepLearningRate,
        stepLearningRate > 0 && stepLearningRate < 1,
        "between 0 and 1");
    check("weight-decay", weightDecay, weightDecay >= 0 && weightDecay < 1, "0 up to 1");
    check("warmup", warmup, warmup >= 0 && warmup < 1, "0 up to 1, a fraction of all steps");
    check("clip", clip, clip > 0, "a positive norm");
    check("dropout", dropout, dropout >= 0 && dropout < MOST_DROPOUT, "0 up to " + MOST_DROPOUT);
  }

  private static void check(String name, double value, boolean holds, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": expected " + expected + ", found " + value);
    }
  }

  /** These settings with another peak rate of weights. */
  public OptimizerSettings withLearningRate(double rate) {
    return new OptimizerSettings(rate, stepLearningRate, weightDecay, warmup, clip, dropout);
  }

  /**
   * The factor of both rates at a step: linear warm-up, then linear decay to 0.
   *
   * @param step the step, from 0
   * @param total the number of steps
   */
  double rateFactor(long step, long total) {
    double warm = Math.floor(warmup * total);
    if (step < warm) {
      return (step + 1) / warm;
    }
    return Math.max(0, (total - step) / Math.max(1, total - warm));
  }
}
