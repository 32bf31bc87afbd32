package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import java.util.HashMap;
import java.util.Map;

/**
 * {@link SmallModel} with its head, loss and quantizers, and all of its gradients, step by step in
 * plain Java and in double.
 */
public final class PlainModel {
  static final int T = SmallModel.TOKENS;
  static final int H = SmallModel.HIDDEN;
  static final int F = SmallModel.FEATURES;
  static final int C = SmallModel.CLASSES;

  /** The integers of a quantizer and the factor of its step's gradient. */
  public record Grid(int low, int high, double gradientScale) {
    public static Grid of(int low, int high, int n) {
      return new Grid(low, high, 1 / Math.sqrt((double) n * high));
    }

    double quantize(double x, double step) {
      return step * Math.floor(Math.min(high, Math.max(low, x / step)) + 0.5);
    }

    boolean inside(double x, double step) {
      return low <= x / step && x / step <= high;
    }

    double stepGradient(double x, double step) {
      double v = x / step;
      double level = v < low ? low : v > high ? high : Math.floor(v + 0.5) - v;
      return gradientScale * level;
    }
  }

  /** The loss and the gradients, for the latent values and for the quantized ones, by name. */
  public record Gradients(
      double loss, Map<String, double[]> latent, Map<String, double[]> quantized) {}

  public static final String HEAD_KERNEL = "task_head/kernel";
  public static final String HEAD_BIAS = "task_head/bias";
  public static final String STEP = "/step_size";

  private final Map<String, Grid> grids;

  /**
   * Makes the model.
   *
   * @param grids of {@link SmallModel#TABLE}, {@link SmallModel#KERNEL} and {@link
   *     SmallModel#INPUT}; none is there in float
   */
  public PlainModel(Map<String, Grid> grids) {
    this.grids = grids;
  }

  private static double[] tensor(Map<String, double[]> values, String name) {
    return requireNonNull(values.get(name), name);
  }

  /** The values behind a quantizer, in front of any perturbation. */
  private double quantized(Map<String, double[]> values, String name, double x, int column) {
    Grid grid = grids.get(name);
    if (grid == null) {
      return x;
    }
    double[] steps = tensor(values, name + STEP);
    return grid.quantize(x, steps[column % steps.length]);
  }

  /** Adds what one quantized element gives to the gradients of its source and of its step. */
  private double back(
      Map<String, double[]> values,
      Map<String, double[]> gradients,
      String name,
      double x,
      int column,
      double outputGradient) {
    Grid grid = grids.get(name);
    if (grid == null) {
      return outputGradient;
    }
    double[] steps = tensor(values, name + STEP);
    int at = column % steps.length;
    double step = steps[at];
    gradients.computeIfAbsent(name + STEP, key -> new double[steps.length])[at] +=
        outputGradient * grid.stepGradient(x, step);
    return grid.inside(x, step) ? outputGradient : 0;
  }

  /**
   * The loss of a batch and its gradients.
   *
   * @param values weights and steps by name
   * @param e perturbations of the quantized table and kernel; empty for none
   */
  public Gradients gradients(Batch batch, Map<String, double[]> values, Map<String, double[]> e) {
    int rows = batch.rows();
    double[] table = tensor(values, SmallModel.TABLE);
    double[] kernel = tensor(values, SmallModel.KERNEL);
    double[] tableE = e.getOrDefault(SmallModel.TABLE, new double[table.length]);
    double[] kernelE = e.getOrDefault(SmallModel.KERNEL, new double[kernel.length]);
    double[] x = new double[rows * T * H];
    double[] a = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int at = batch.ids()[i / H] * H + i % H;
      x[i] = quantized(values, SmallModel.TABLE, table[at], 0) + tableE[at];
      a[i] = quantized(values, SmallModel.INPUT, x[i], 0);
    }
    double[] w = new double[kernel.length];
    for (int i = 0; i < w.length; i++) {
      w[i] = quantized(values, SmallModel.KERNEL, kernel[i], i % F) + kernelE[i];
    }
    double[] p = pooling(batch);
    double[] pooled = new double[rows * F];
    for (int token = 0; token < rows * T; token++) {
      for (int f = 0; f < F; f++) {
        double y = tensor(values, SmallModel.BIAS)[f];
        for (int h = 0; h < H; h++) {
          y += a[token * H + h] * w[h * F + f];
        }
        pooled[token / T * F + f] += p[token] * y;
      }
    }
    double[] logitGradients = new double[rows * C];
    double loss = loss(batch, values, pooled, logitGradients);

    Map<String, double[]> latent = new HashMap<>();
    double[] pooledGradients = head(values, pooled, logitGradients, latent);
    double[] biasGradients = new double[F];
    double[] kernelGradients = new double[kernel.length];
    double[] aGradients = new double[a.length];
    for (int token = 0; token < rows * T; token++) {
      for (int f = 0; f < F; f++) {
        double yGradient = p[token] * pooledGradients[token / T * F + f];
        biasGradients[f] += yGradient;
        for (int h = 0; h < H; h++) {
          kernelGradients[h * F + f] += a[token * H + h] * yGradient;
          aGradients[token * H + h] += w[h * F + f] * yGradient;
        }
      }
    }
    latent.put(SmallModel.BIAS, biasGradients);
    double[] latentKernel = new double[kernel.length];
    for (int i = 0; i < w.length; i++) {
      latentKernel[i] =
          back(values, latent, SmallModel.KERNEL, kernel[i], i % F, kernelGradients[i]);
    }
    latent.put(SmallModel.KERNEL, latentKernel);
    double[] tableGradients = new double[table.length];
    double[] latentTable = new double[table.length];
    for (int i = 0; i < x.length; i++) {
      int at = batch.ids()[i / H] * H + i % H;
      double xGradient = back(values, latent, SmallModel.INPUT, x[i], 0, aGradients[i]);
      tableGradients[at] += xGradient;
      latentTable[at] += back(values, latent, SmallModel.TABLE, table[at], 0, xGradient);
    }
    latent.put(SmallModel.TABLE, latentTable);
    return new Gradients(
        loss, latent, Map.of(SmallModel.TABLE, tableGradients, SmallModel.KERNEL, kernelGradients));
  }

  private static double[] pooling(Batch batch) {
    double[] p = new double[batch.rows() * T];
    for (int row = 0; row < batch.rows(); row++) {
      double sum = 0;
      for (int i = row * T; i < (row + 1) * T; i++) {
        p[i] = Math.exp(batch.mask()[i]);
        sum += p[i];
      }
      for (int i = row * T; i < (row + 1) * T; i++) {
        p[i] /= sum;
      }
    }
    return p;
  }

  private static double loss(
      Batch batch, Map<String, double[]> values, double[] pooled, double[] logitGradients) {
    double loss = 0;
    for (int row = 0; row < batch.rows(); row++) {
      double[] logits = tensor(values, HEAD_BIAS).clone();
      double sum = 0;
      for (int c = 0; c < C; c++) {
        for (int f = 0; f < F; f++) {
          logits[c] += pooled[row * F + f] * tensor(values, HEAD_KERNEL)[f * C + c];
        }
        sum += Math.exp(logits[c]);
      }
      int label = (int) batch.labels()[row];
      loss += (Math.log(sum) - logits[label]) / batch.rows();
      for (int c = 0; c < C; c++) {
        logitGradients[row * C + c] =
            (Math.exp(logits[c]) / sum - (c == label ? 1 : 0)) / batch.rows();
      }
    }
    return loss;
  }

  private static double[] head(
      Map<String, double[]> values,
      double[] pooled,
      double[] logitGradients,
      Map<String, double[]> latent) {
    double[] kernel = new double[F * C];
    double[] bias = new double[C];
    double[] pooledGradients = new double[pooled.length];
    for (int i = 0; i < logitGradients.length; i++) {
      int c = i % C;
      bias[c] += logitGradients[i];
      for (int f = 0; f < F; f++) {
        int at = i / C * F + f;
        kernel[f * C + c] += pooled[at] * logitGradients[i];
        pooledGradients[at] += tensor(values, HEAD_KERNEL)[f * C + c] * logitGradients[i];
      }
    }
    latent.put(HEAD_KERNEL, kernel);
    latent.put(HEAD_BIAS, bias);
    return pooledGradients;
  }
}
