package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.squat.glue.Batch;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSizes;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.OutlierFeatures;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.TrainingGraph;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The step sizes to start with against plain Java on values that are fetched from the float graph.
 */
class CalibrationTest {
  private static final int FRACTIONS = 50;
  private static final int WIDEST_LSQ_BITS = 4;

  /** One candidate is at least 2 % away from the next one. */
  private static final double RELATIVE_TOLERANCE = 1e-5;

  private final ModelGraph model = TinyBert.model();
  private final List<Batch> batches = List.of(TinyBert.batch(1), TinyBert.batch(2));

  @TempDir Path folder;

  private Path weights() {
    Path weights = folder.resolve("weights");
    try (TrainingSession session =
        new TrainingSession(
            model,
            Quantization.NONE,
            Method.FP,
            Alternation.WITHIN,
            OptimizerSettings.DEFAULT,
            1,
            Device.CPU.config(2))) {
      session.startWeights(SavedModelFiles.checkpoint(TinyBert.folder()), ModelVariable::stored);
      session.saveModel(weights);
    }
    return weights;
  }

  private List<Quantizer> quantizers(Quantization quantization) {
    try (TrainingGraph training = TrainingGraph.build(model, quantization, false)) {
      return training.model().quantizers();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"4-8-8", "2-3-4", "5-32-3", "3-4-32"})
  void equalsPlainJava(String bits) {
    Path weights = weights();
    Quantization quantization = TinyBert.bits(bits);
    Map<String, List<Float>> found =
        calibration(weights, OutlierFeatures.NONE).stepSizes(quantization, batches, Progress.NONE);
    List<Quantizer> quantizers = quantizers(quantization);
    Map<String, List<Double>> activations = activations(weights, quantizers, true);
    for (Quantizer quantizer : quantizers) {
      double expected =
          quantizer.kind() == Quantizer.Kind.ACTIVATION
              ? leastSquares(requireNonNull(activations.get(quantizer.source())), quantizer.grid())
              : ofWeights(TinyBert.read(weights, quantizer.source()), quantizer.grid());
      assertEquals(
          expected, one(found, quantizer), expected * RELATIVE_TOLERANCE, quantizer.stepSize());
    }
    assertEquals(quantizers.size(), found.size());
  }

  /** Of every column of a kernel by itself; tables and activations have one step. */
  @ParameterizedTest
  @ValueSource(strings = {"4-8-8", "6-3-32"})
  void stepsOfChannelsEqualPlainJava(String bits) {
    Path weights = weights();
    Quantization quantization = TinyBert.channels(bits);
    Map<String, List<Float>> found =
        calibration(weights, OutlierFeatures.NONE).stepSizes(quantization, batches, Progress.NONE);
    Map<String, List<Float>> ofTensors =
        calibration(weights, OutlierFeatures.NONE)
            .stepSizes(TinyBert.bits(bits), batches, Progress.NONE);
    for (Quantizer quantizer : quantizers(quantization)) {
      List<Float> steps = requireNonNull(found.get(quantizer.stepSize()), quantizer.stepSize());
      if (quantizer.kind() != Quantizer.Kind.WEIGHT) {
        assertEquals(ofTensors.get(quantizer.stepSize()), steps, quantizer.stepSize());
        continue;
      }
      float[] kernel = TinyBert.read(weights, quantizer.source());
      int columns = model.variable(quantizer.source()).shape().get(1).intValue();
      assertEquals(columns, steps.size(), quantizer.stepSize());
      for (int column = 0; column < columns; column++) {
        float[] values = new float[kernel.length / columns];
        for (int row = 0; row < values.length; row++) {
          values[row] = kernel[row * columns + column];
        }
        double expected = ofWeights(values, quantizer.grid());
        assertEquals(
            expected, steps.get(column), expected * RELATIVE_TOLERANCE, quantizer.stepSize());
      }
    }
  }

  /** The largest magnitudes, and steps that an outlier takes no part in, against plain Java. */
  @Test
  void outliersAreFoundAndLeftOut() {
    Path weights = weights();
    List<Quantizer> quantizers =
        quantizers(TinyBert.bits("8-32-8")).stream()
            .filter(quantizer -> quantizer.kind() == Quantizer.Kind.ACTIVATION)
            .toList();
    Map<String, List<Double>> activations = activations(weights, quantizers, true);
    Map<String, List<Float>> largest =
        new LinkedHashMap<>(
            calibration(weights, OutlierFeatures.NONE).largest(batches, Progress.NONE));
    largest.replaceAll(
        (input, found) -> {
          List<Double> values = requireNonNull(activations.get(input), input);
          double[] expected = new double[found.size()];
          for (int i = 0; i < values.size(); i++) {
            int feature = i % expected.length;
            expected[feature] = Math.max(expected[feature], Math.abs(values.get(i)));
          }
          for (int feature = 0; feature < expected.length; feature++) {
            assertEquals(expected[feature], (double) found.get(feature), input + " " + feature);
          }
          List<Float> withOutlier = new ArrayList<>(found);
          // The feature that decides the range: a step that it took part in would be another one.
          withOutlier.set(found.indexOf(Collections.max(found)), 1e6f);
          return withOutlier;
        });
    OutlierFeatures outliers = OutlierFeatures.of(model, largest);
    Map<String, List<Float>> steps =
        calibration(weights, outliers).stepSizes(TinyBert.bits("8-32-8"), batches, Progress.NONE);
    for (Quantizer quantizer : quantizers) {
      int features = requireNonNull(largest.get(quantizer.source())).size();
      List<Double> values = requireNonNull(activations.get(quantizer.source()));
      List<Double> rest = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        boolean outlier = outliers.features(quantizer.source()).contains(i % features);
        rest.add(outlier ? 0 : values.get(i));
      }
      double expected = leastSquares(rest, quantizer.grid());
      assertEquals(
          expected, one(steps, quantizer), expected * RELATIVE_TOLERANCE, quantizer.source());
    }
  }

  private static float one(Map<String, List<Float>> steps, Quantizer quantizer) {
    List<Float> numbers = requireNonNull(steps.get(quantizer.stepSize()), quantizer.stepSize());
    assertEquals(1, numbers.size(), quantizer.stepSize());
    return numbers.get(0);
  }

  private Calibration calibration(Path weights, OutlierFeatures outliers) {
    return new Calibration(
        model, weights, ModelVariable::own, StepSizes::ofWeights, outliers, Device.CPU.config(2));
  }

  /** The first test would not see padding if it made no difference. */
  @Test
  void paddingWouldMakeADifference() {
    Path weights = weights();
    List<Quantizer> quantizers =
        quantizers(TinyBert.bits("32-32-8")).stream()
            .filter(quantizer -> quantizer.kind() == Quantizer.Kind.ACTIVATION)
            .toList();
    Map<String, List<Double>> without = activations(weights, quantizers, true);
    Map<String, List<Double>> with = activations(weights, quantizers, false);
    long different =
        quantizers.stream()
            .filter(
                q ->
                    leastSquares(requireNonNull(with.get(q.source())), q.grid())
                        != leastSquares(requireNonNull(without.get(q.source())), q.grid()))
            .count();
    assertNotEquals(0, different);
  }

  private static double ofWeights(float[] weights, QuantizationGrid grid) {
    List<Double> values = new ArrayList<>();
    double sum = 0;
    for (float weight : weights) {
      values.add((double) weight);
      sum += Math.abs(weight);
    }
    return grid.bits() <= WIDEST_LSQ_BITS
        ? 2 * sum / weights.length / Math.sqrt(grid.qMax())
        : leastSquares(values, grid);
  }

  private static double leastSquares(List<Double> values, QuantizationGrid grid) {
    double largest = values.stream().mapToDouble(Math::abs).max().orElseThrow();
    double best = Double.NaN;
    double bestError = Double.POSITIVE_INFINITY;
    for (int k = 1; k <= FRACTIONS; k++) {
      double step = largest * k / FRACTIONS / grid.qMax();
      double error = 0;
      for (double value : values) {
        double level = Math.min(grid.qMax(), Math.max(grid.qMin(), value / step));
        double difference = value - step * Math.floor(level + 0.5);
        error += difference * difference;
      }
      if (error < bestError) {
        bestError = error;
        best = step;
      }
    }
    return best;
  }

  /** What the loaded graph, which nothing was added to but a head, computes at the sites. */
  private Map<String, List<Double>> activations(
      Path weights, List<Quantizer> quantizers, boolean withoutPadding) {
    Map<String, List<Double>> values = new LinkedHashMap<>();
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      Map<String, Output<TFloat32>> variables = new LinkedHashMap<>();
      for (ModelVariable variable : model.variables()) {
        variables.put(variable.name(), graph.operation(variable.name()).output(0));
      }
      CheckpointOps checkpoint = CheckpointOps.add(Ops.create(graph), variables);
      try (Session session = new Session(graph, Device.CPU.config(2))) {
        checkpoint.restore(session, weights);
        for (Quantizer quantizer : quantizers) {
          if (quantizer.kind() == Quantizer.Kind.ACTIVATION) {
            List<Double> rows = new ArrayList<>();
            batches.forEach(
                batch -> addRows(rows, session, batch, quantizer.source(), withoutPadding));
            values.put(quantizer.source(), rows);
          }
        }
      }
    }
    return values;
  }

  private void addRows(
      List<Double> rows, Session session, Batch batch, String tensor, boolean withoutPadding) {
    try (TInt32 ids = ints(batch, batch.ids());
        TInt32 mask = ints(batch, batch.mask());
        TInt32 segments = ints(batch, batch.segments());
        Result result =
            session
                .runner()
                .feed(input(InputRole.IDS), ids)
                .feed(input(InputRole.MASK), mask)
                .feed(input(InputRole.SEGMENTS), segments)
                .fetch(tensor)
                .run()) {
      TFloat32 found = (TFloat32) result.get(0);
      assertEquals(2, found.rank(), tensor);
      boolean ofTokens = found.shape().get(0) == batch.mask().length;
      for (int row = 0; row < found.shape().get(0); row++) {
        if (!withoutPadding || !ofTokens || batch.mask()[row] == 1) {
          found.get(row).scalars().forEach(value -> rows.add((double) value.getFloat()));
        }
      }
    }
  }

  private String input(InputRole role) {
    return model.input(role).orElseThrow().tensor();
  }

  private static TInt32 ints(Batch batch, int[] values) {
    return TInt32.tensorOf(Shape.of(batch.rows(), batch.length()), DataBuffers.of(values));
  }
}
