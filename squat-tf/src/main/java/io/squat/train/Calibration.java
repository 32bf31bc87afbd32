package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import io.squat.ops.ActivationCalibration;
import io.squat.ops.StepSizes;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.LinearLayer;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/**
 * Finds the step sizes that quantization-aware training starts with: of weights and tables from
 * their float values, of activations from batches that pass through the float model, padding left
 * out.
 */
final class Calibration {
  private final ModelGraph model;
  private final Path weights;
  private final ConfigProto config;

  /**
   * Prepares.
   *
   * @param model the canonical model with its head
   * @param weights the checkpoint of its fine-tuned weights, by variable name
   * @param config the session's configuration
   */
  Calibration(ModelGraph model, Path weights, ConfigProto config) {
    this.model = model;
    this.weights = weights;
    this.config = config;
  }

  /**
   * The step sizes.
   *
   * @param quantization what will be quantized
   * @param batches what activations are calibrated with
   * @param progress is told of every batch
   * @return by the name of the step size's variable
   */
  Map<String, Float> stepSizes(Quantization quantization, List<Batch> batches, Progress progress) {
    Map<String, Float> steps = new LinkedHashMap<>();
    List<Quantizer> quantizers = quantizers(quantization);
    ofWeights(
        quantizers.stream().filter(q -> q.kind() != Quantizer.Kind.ACTIVATION).toList(), steps);
    List<Quantizer> activations =
        quantizers.stream().filter(q -> q.kind() == Quantizer.Kind.ACTIVATION).toList();
    if (!activations.isEmpty()) {
      ofActivations(activations, batches, progress, steps);
    }
    return steps;
  }

  private List<Quantizer> quantizers(Quantization quantization) {
    try (TrainingGraph quantized = TrainingGraph.build(model, quantization, false)) {
      return quantized.model().quantizers();
    }
  }

  private void ofWeights(List<Quantizer> quantizers, Map<String, Float> steps) {
    List<String> names = quantizers.stream().map(Quantizer::source).toList();
    if (names.isEmpty()) {
      return;
    }
    try (CheckpointOps.Values values = CheckpointOps.read(weights, names)) {
      for (Quantizer quantizer : quantizers) {
        TFloat32 tensor = values.get(quantizer.source());
        float[] copy = new float[Math.toIntExact(tensor.size())];
        tensor.asRawTensor().data().asFloats().read(copy);
        steps.put(quantizer.stepSize(), StepSizes.ofWeights(copy, quantizer.grid()));
      }
    }
  }

  private void ofActivations(
      List<Quantizer> quantizers,
      List<Batch> batches,
      Progress progress,
      Map<String, Float> steps) {
    List<Integer> features = features(quantizers);
    List<ActivationCalibration> calibrations =
        quantizers.stream().map(quantizer -> new ActivationCalibration(quantizer.grid())).toList();
    try (TrainingGraph graph = TrainingGraph.build(model, Quantization.NONE, false);
        Session session = new Session(graph.graph(), config);
        Progress.Work work = progress.begin("calibrating", "batch", 2L * batches.size())) {
      restore(graph, session);
      List<Output<TFloat32>> sites =
          quantizers.stream()
              .map(quantizer -> graph.tensor(quantizer.sites().get(0).input(), TFloat32.class))
              .toList();
      for (boolean errors : new boolean[] {false, true}) {
        for (Batch batch : batches) {
          observe(fetch(graph, session, batch, sites), batch, features, calibrations, errors);
          work.step(1);
        }
      }
    }
    for (int i = 0; i < quantizers.size(); i++) {
      steps.put(quantizers.get(i).stepSize(), calibrations.get(i).stepSize());
    }
  }

  private void restore(TrainingGraph graph, Session session) {
    Map<String, Output<TFloat32>> variables = new LinkedHashMap<>();
    for (ModelVariable variable : graph.model().variables(VariableGroup.WEIGHTS)) {
      variables.put(variable.name(), graph.variable(variable));
    }
    CheckpointOps.add(graph.tf(), variables).restore(session, weights);
  }

  private static List<float[]> fetch(
      TrainingGraph graph, Session session, Batch batch, List<Output<TFloat32>> sites) {
    try (BatchFeeds feeds = new BatchFeeds(graph, batch)) {
      return feeds.fetch(session, sites);
    }
  }

  private static void observe(
      List<float[]> values,
      Batch batch,
      List<Integer> features,
      List<ActivationCalibration> calibrations,
      boolean errors) {
    // The sites are independent of each other, so that threads change no sum's order.
    IntStream.range(0, values.size())
        .parallel()
        .forEach(
            i -> {
              float[] x = values.get(i);
              int[] rowMask = rowMask(batch, x.length / features.get(i));
              if (errors) {
                calibrations.get(i).observeErrors(x, rowMask);
              } else {
                calibrations.get(i).observeRange(x, rowMask);
              }
            });
  }

  /** The padding of a tensor of B * T rows; a tensor of B rows, behind the pooling, has none. */
  private static int[] rowMask(Batch batch, int rows) {
    if (rows == batch.rows() * batch.length()) {
      return batch.mask();
    }
    int[] all = new int[rows];
    Arrays.fill(all, 1);
    return all;
  }

  /** The number of features of each quantizer's tensor. */
  private List<Integer> features(List<Quantizer> quantizers) {
    Map<String, Integer> byInput = new LinkedHashMap<>();
    for (LinearLayer layer : BertStructure.of(model).layers()) {
      byInput.put(layer.input(), Math.toIntExact(model.variable(layer.weight()).shape().get(0)));
    }
    return quantizers.stream()
        .map(quantizer -> requireNonNull(byInput.get(quantizer.source()), quantizer.source()))
        .toList();
  }
}
