package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Floats;
import io.squat.glue.Batch;
import io.squat.ops.ActivationCalibration;
import io.squat.ops.Granularity;
import io.squat.ops.QuantizationGrid;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.LinearLayer;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.OutlierFeatures;
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
  private final OutlierFeatures outliers;
  private final ConfigProto config;
  private final Map<String, Integer> featuresByInput;

  /** A rule that gives the step size of weights that share one. */
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
   * @param outliers what of the layers' inputs and kernels will not be quantized
   * @param config the session's configuration
   */
  Calibration(
      ModelGraph model,
      Path weights,
      Function<ModelVariable, @Nullable StoredTensor> stored,
      WeightStep weightStep,
      OutlierFeatures outliers,
      ConfigProto config) {
    this.model = model;
    this.weights = weights;
    this.stored = stored;
    this.weightStep = weightStep;
    this.outliers = outliers;
    this.config = config;
    this.featuresByInput = featuresByInput(model);
  }

  /**
   * The step sizes.
   *
   * @param quantization what will be quantized
   * @param batches what activations are calibrated with
   * @param progress is told of every batch
   * @return by the name of the step size's variable: one number, or of a kernel one a column
   */
  Map<String, List<Float>> stepSizes(
      Quantization quantization, List<Batch> batches, Progress progress) {
    Map<String, List<Float>> steps = new LinkedHashMap<>();
    ModelValues values = outliers.rest(model, ModelValues.ofCheckpoint(weights, stored, model));
    List<Quantizer> quantizers = Rewriting.quantizers(model, quantization);
    for (Quantizer quantizer : quantizers) {
      if (quantizer.kind() != Quantizer.Kind.ACTIVATION) {
        steps.put(
            quantizer.stepSize(),
            ofWeights(quantizer, quantization.granularity(quantizer.kind()), values));
      }
    }
    List<Quantizer> activations =
        quantizers.stream().filter(q -> q.kind() == Quantizer.Kind.ACTIVATION).toList();
    if (!activations.isEmpty()) {
      ofActivations(activations, batches, progress, steps);
    }
    return steps;
  }

  private List<Float> ofWeights(Quantizer quantizer, Granularity granularity, ModelValues values) {
    String matrix = quantizer.source();
    int columns = Math.toIntExact(model.variable(matrix).shape().get(1));
    // The columns are independent of each other, so that threads change no sum's order.
    return granularity.groups(values.values(matrix), columns).parallelStream()
        .map(sharing -> weightStep.apply(sharing, quantizer.grid()))
        .toList();
  }

  private void ofActivations(
      List<Quantizer> quantizers,
      List<Batch> batches,
      Progress progress,
      Map<String, List<Float>> steps) {
    List<ActivationCalibration> calibrations =
        quantizers.stream().map(quantizer -> new ActivationCalibration(quantizer.grid())).toList();
    List<String> inputs = quantizers.stream().map(Quantizer::source).toList();
    run(
        batches,
        2,
        inputs,
        progress,
        (pass, batch, values) -> observe(values, batch, inputs, calibrations, pass == 1));
    for (int i = 0; i < quantizers.size(); i++) {
      steps.put(quantizers.get(i).stepSize(), List.of(calibrations.get(i).stepSize()));
    }
  }

  /**
   * The largest magnitude of each feature of the layers' inputs.
   *
   * @param batches what passes through the model
   * @param progress is told of every batch
   * @return by layer input
   */
  Map<String, List<Float>> largest(List<Batch> batches, Progress progress) {
    List<String> inputs = List.copyOf(featuresByInput.keySet());
    List<float[]> largest = inputs.stream().map(input -> new float[features(input)]).toList();
    run(
        batches,
        1,
        inputs,
        progress,
        (pass, batch, values) -> {
          for (int i = 0; i < inputs.size(); i++) {
            raise(largest.get(i), values.get(i), batch);
          }
        });
    Map<String, List<Float>> byInput = new LinkedHashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      byInput.put(inputs.get(i), Floats.asList(largest.get(i)));
    }
    return byInput;
  }

  private static void raise(float[] largest, float[] x, Batch batch) {
    int[] mask = rowMask(batch, x.length / largest.length);
    for (int i = 0; i < x.length; i++) {
      if (mask[i / largest.length] != 0) {
        int feature = i % largest.length;
        largest[feature] = Math.max(largest[feature], Math.abs(x[i]));
      }
    }
  }

  /** What is done with the values of the layers' inputs. */
  private interface Observer {
    void observe(int pass, Batch batch, List<float[]> values);
  }

  /** Lets the batches pass through the model, some times over. */
  private void run(
      List<Batch> batches, int passes, List<String> inputs, Progress progress, Observer observer) {
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      CheckpointOps checkpoint = checkpoint(graph);
      try (Session session = new Session(graph, config);
          Progress.Work work =
              progress.begin("calibrating", "batch", (long) passes * batches.size())) {
        checkpoint.restore(session, weights);
        for (int pass = 0; pass < passes; pass++) {
          for (Batch batch : batches) {
            observer.observe(pass, batch, fetch(session, batch, inputs));
            work.step(1);
          }
        }
      }
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

  private void observe(
      List<float[]> values,
      Batch batch,
      List<String> inputs,
      List<ActivationCalibration> calibrations,
      boolean errors) {
    // The inputs are independent of each other, so that threads change no sum's order.
    IntStream.range(0, values.size())
        .parallel()
        .forEach(
            i -> {
              float[] x = values.get(i);
              int features = features(inputs.get(i));
              for (int outlier : outliers.features(inputs.get(i))) {
                for (int at = outlier; at < x.length; at += features) {
                  x[at] = 0;
                }
              }
              int[] rowMask = rowMask(batch, x.length / features);
              if (errors) {
                calibrations.get(i).observeErrors(x, rowMask);
              } else {
                calibrations.get(i).observeRange(x, rowMask);
              }
            });
  }

  /** The padding of a tensor of B * T rows; a tensor of B rows, behind the pooling, has none. */
  static int[] rowMask(Batch batch, int rows) {
    if (rows == batch.rows() * batch.length()) {
      return batch.mask();
    }
    int[] all = new int[rows];
    Arrays.fill(all, 1);
    return all;
  }

  private int features(String input) {
    return requireNonNull(featuresByInput.get(input), input);
  }

  private static Map<String, Integer> featuresByInput(ModelGraph model) {
    Map<String, Integer> byInput = new LinkedHashMap<>();
    for (LinearLayer layer : BertStructure.of(model).layers()) {
      byInput.put(layer.input(), Math.toIntExact(model.variable(layer.weight()).shape().get(0)));
    }
    return byInput;
  }
}
