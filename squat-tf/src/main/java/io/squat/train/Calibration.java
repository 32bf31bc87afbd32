package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import io.squat.ops.ActivationCalibration;
import io.squat.ops.QuantizationGrid;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.LinearLayer;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.StoredTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
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
  private final Function<ModelVariable, @Nullable StoredTensor> stored;
  private final WeightStep weightStep;
  private final ConfigProto config;

  /** A rule that gives the step size of a weight tensor. */
  @FunctionalInterface
  interface WeightStep {
    /** The step size of weights on a grid. */
    float apply(float[] values, QuantizationGrid grid);
  }

  /**
   * Prepares.
   *
   * @param model the canonical model
   * @param weights the checkpoint of its weights
   * @param stored what each variable is in the checkpoint
   * @param weightStep the rule for weights and tables
   * @param config the session's configuration
   */
  Calibration(
      ModelGraph model,
      Path weights,
      Function<ModelVariable, @Nullable StoredTensor> stored,
      WeightStep weightStep,
      ConfigProto config) {
    this.model = model;
    this.weights = weights;
    this.stored = stored;
    this.weightStep = weightStep;
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
    List<Quantizer> quantizers = Rewriting.quantizers(model, quantization);
    ofWeights(
        quantizers.stream().filter(q -> q.kind() != Quantizer.Kind.ACTIVATION).toList(), steps);
    List<Quantizer> activations =
        quantizers.stream().filter(q -> q.kind() == Quantizer.Kind.ACTIVATION).toList();
    if (!activations.isEmpty()) {
      ofActivations(activations, batches, progress, steps);
    }
    return steps;
  }

  private void ofWeights(List<Quantizer> quantizers, Map<String, Float> steps) {
    ModelValues values = ModelValues.ofCheckpoint(weights, stored, model);
    for (Quantizer quantizer : quantizers) {
      steps.put(
          quantizer.stepSize(),
          weightStep.apply(values.values(quantizer.source()), quantizer.grid()));
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
    List<String> sites =
        quantizers.stream().map(quantizer -> quantizer.sites().get(0).input()).toList();
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      CheckpointOps checkpoint = checkpoint(graph);
      try (Session session = new Session(graph, config);
          Progress.Work work = progress.begin("calibrating", "batch", 2L * batches.size())) {
        checkpoint.restore(session, weights);
        for (boolean errors : new boolean[] {false, true}) {
          for (Batch batch : batches) {
            observe(fetch(session, batch, sites), batch, features, calibrations, errors);
            work.step(1);
          }
        }
      }
    }
    for (int i = 0; i < quantizers.size(); i++) {
      steps.put(quantizers.get(i).stepSize(), calibrations.get(i).stepSize());
    }
  }

  private CheckpointOps checkpoint(Graph graph) {
    Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
    for (ModelVariable variable : model.variables()) {
      StoredTensor tensor = stored.apply(variable);
      if (tensor != null) {
        variables.put(tensor, graph.operation(variable.name()).output(0));
      }
    }
    return CheckpointOps.addStored(Ops.create(graph), variables);
  }

  private List<float[]> fetch(Session session, Batch batch, List<String> sites) {
    try (BatchFeeds feeds = new BatchFeeds(model, batch)) {
      return feeds.fetchNames(session, sites);
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
