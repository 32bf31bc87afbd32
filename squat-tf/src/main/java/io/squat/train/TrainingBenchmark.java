package io.squat.train;

import io.squat.eval.ProcessMemory;
import io.squat.glue.Batch;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.VariableGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Times training steps on random tokens: a step is all phases of one batch; with {@code batches:K}
 * it is a K-th of K batches and one for the step sizes. Several methods are interleaved step by
 * step, so that their ratio holds on a machine with other work on it.
 */
public final class TrainingBenchmark {
  private static final int WARM_UP_STEPS = 2;
  private static final float STEP_SIZE = 0.02f;

  /**
   * What is measured.
   *
   * @param methods the methods, the one that others are compared with first
   * @param quantization of the methods that quantize
   * @param alternation of squat's phases
   * @param optimizer how the variables are moved; the rates do not rise and fall
   * @param rho the radius of the perturbation of saq and squat
   * @param rows B
   * @param length T
   * @param steps how many steps are measured, after 2 that are not; with {@code batches:K} so many
   *     times K
   * @param seed of tokens and dropout
   */
  public record Load(
      List<Method> methods,
      Quantization quantization,
      Alternation alternation,
      OptimizerSettings optimizer,
      double rho,
      int rows,
      int length,
      int steps,
      long seed) {

    private static final int MOST_TOKENS = 1 << 24;

    /** Checks the sizes and copies. */
    public Load {
      methods = List.copyOf(methods);
      if (rows < 1 || length < 1 || steps < 1) {
        throw new IllegalArgumentException(
            "bench train: expected a batch, a length and steps of at least 1, found "
                + rows
                + ", "
                + length
                + " and "
                + steps);
      }
      if ((long) rows * length > MOST_TOKENS) {
        throw new IllegalArgumentException(
            "bench train: expected at most "
                + MOST_TOKENS
                + " tokens a batch, found "
                + rows
                + " rows of "
                + length);
      }
    }
  }

  /**
   * The times of one method.
   *
   * @param method the method
   * @param minSeconds of the fastest step
   * @param medianSeconds of a step
   * @param tokensPerSecond at the median
   * @param minRatio to the first method's fastest step
   * @param medianRatio to the first method's median
   */
  public record Timing(
      String method,
      double minSeconds,
      double medianSeconds,
      double tokensPerSecond,
      double minRatio,
      double medianRatio) {}

  /**
   * The result.
   *
   * @param timings one entry a method
   * @param peakMemoryBytes the most memory of the process, all methods together
   */
  public record Result(List<Timing> timings, long peakMemoryBytes) {}

  private TrainingBenchmark() {}

  /**
   * Measures.
   *
   * @param folder the SavedModel
   * @param choice which graph and signature of it
   * @param load what to measure
   * @param device where
   * @param threads how many threads an operation may use; 0 takes all cores
   * @param progress is told of every step
   */
  public static Result run(
      Path folder,
      SavedModelReader.Choice choice,
      Load load,
      Device device,
      int threads,
      Progress progress) {
    ModelGraph model = Rewriting.withHead(SavedModelReader.read(folder, choice), 2);
    BertStructure structure = BertStructure.of(model);
    int positions = structure.positions(model).orElse(Integer.MAX_VALUE);
    if (load.length() > positions) {
      throw new IllegalArgumentException(
          "length: expected at most the model's "
              + positions
              + " positions, found "
              + load.length());
    }
    Batch batch = randomBatch(load, structure.vocabularySize(model).orElse(Integer.MAX_VALUE));
    Map<Method, TrainingSession> sessions = new LinkedHashMap<>();
    try (Progress.Work work =
        progress.begin(
            "timing", "step", (long) load.methods().size() * (load.steps() + WARM_UP_STEPS))) {
      for (Method method : load.methods()) {
        sessions.put(method, open(model, folder, method, load, device, threads));
      }
      return new Result(time(sessions, batch, load, work), ProcessMemory.now().peakBytes());
    } finally {
      sessions.values().forEach(TrainingSession::close);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
  private static TrainingSession open(
      ModelGraph model, Path folder, Method method, Load load, Device device, int threads) {
    Quantization quantization = method.quantized() ? load.quantization() : Quantization.NONE;
    TrainingSession session =
        new TrainingSession(
            model,
            quantization,
            method,
            load.alternation(),
            load.optimizer(),
            load.seed(),
            device.config(threads));
    try {
      session.startWeights(SavedModelFiles.checkpoint(folder), ModelVariable::stored);
      Map<String, List<Float>> steps = new HashMap<>();
      for (ModelVariable step : session.training().model().variables(VariableGroup.STEP_SIZES)) {
        steps.put(step.name(), Collections.nCopies((int) step.size(), STEP_SIZE));
      }
      session.startStepSizes(steps);
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static List<Timing> time(
      Map<Method, TrainingSession> sessions, Batch batch, Load load, Progress.Work work) {
    Map<Method, double[]> seconds = new LinkedHashMap<>();
    sessions.keySet().forEach(method -> seconds.put(method, new double[load.steps()]));
    for (int step = -WARM_UP_STEPS; step < load.steps(); step++) {
      for (Map.Entry<Method, TrainingSession> entry : sessions.entrySet()) {
        TrainingSession session = entry.getValue();
        TrainingSession.BatchSettings settings =
            new TrainingSession.BatchSettings(
                (float) load.optimizer().learningRate(),
                (float) load.optimizer().stepLearningRate(),
                (float) load.rho(),
                (float) load.optimizer().dropout(),
                DropoutSeed.of(load.seed(), 0, step + WARM_UP_STEPS));
        int cycle = session.hasExtraBatch() ? load.alternation().sharpnessBatches() : 1;
        long start = System.nanoTime();
        for (int i = 0; i < cycle; i++) {
          session.train(batch, settings);
        }
        if (session.hasExtraBatch()) {
          session.trainStepSizes(batch, settings);
        }
        double[] times = seconds.get(entry.getKey());
        if (step >= 0 && times != null) {
          times[step] = (System.nanoTime() - start) / 1e9 / cycle;
        }
        work.step(1);
      }
    }
    return timings(seconds, load);
  }

  static List<Timing> timings(Map<Method, double[]> seconds, Load load) {
    List<Timing> timings = new ArrayList<>();
    double firstMin = 0;
    double firstMedian = 0;
    for (Map.Entry<Method, double[]> entry : seconds.entrySet()) {
      double[] sorted = entry.getValue().clone();
      Arrays.sort(sorted);
      double min = sorted[0];
      double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
      if (timings.isEmpty()) {
        firstMin = min;
        firstMedian = median;
      }
      timings.add(
          new Timing(
              entry.getKey().label(),
              min,
              median,
              (double) load.rows() * load.length() / median,
              min / firstMin,
              median / firstMedian));
    }
    return timings;
  }

  private static Batch randomBatch(Load load, int vocabulary) {
    Random random = new Random(load.seed());
    int tokens = load.rows() * load.length();
    int[] ids = new int[tokens];
    int[] mask = new int[tokens];
    Arrays.setAll(ids, i -> random.nextInt(vocabulary));
    Arrays.fill(mask, 1);
    float[] labels = new float[load.rows()];
    int[] indices = new int[load.rows()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
      indices[i] = i;
    }
    return new Batch(load.rows(), load.length(), ids, mask, new int[tokens], labels, indices);
  }
}
