package io.squat.train;

import io.squat.glue.Batch;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.TrainingGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Looks at the quantizers of a training graph: their step sizes, and what they clip. It reads
 * variables and changes none.
 *
 * <pre>
 * clipped = mean over the values of (x &lt; qMin * s or x &gt; qMax * s)
 * </pre>
 *
 * <p>The mean over a row is taken in the graph, the one over the rows here, where those of padding
 * are left out.
 */
final class QuantizerWatch {
  private final TrainingGraph training;
  private final List<Quantizer> quantizers;
  private final List<Operand<TFloat32>> steps = new ArrayList<>();
  private final List<Operand<TFloat32>> clippedOfRows = new ArrayList<>();

  /** Adds what it needs to the graph. */
  QuantizerWatch(TrainingGraph training) {
    this.training = training;
    this.quantizers = training.model().quantizers();
    Ops tf = training.tf().withSubScope("quantizer_watch");
    for (Quantizer quantizer : quantizers) {
      Operand<TFloat32> step = training.read(variable(quantizer.stepSize()));
      steps.add(step);
      clippedOfRows.add(clippedOfRows(tf, quantizer, step));
    }
  }

  private Operand<TFloat32> clippedOfRows(Ops tf, Quantizer quantizer, Operand<TFloat32> step) {
    Operand<TFloat32> x =
        quantizer.kind() == Quantizer.Kind.ACTIVATION
            ? training.tensor(quantizer.sites().get(0).input(), TFloat32.class)
            : training.read(variable(quantizer.source()));
    Operand<TFloat32> min = tf.math.mul(step, tf.constant((float) quantizer.grid().qMin()));
    Operand<TFloat32> max = tf.math.mul(step, tf.constant((float) quantizer.grid().qMax()));
    return tf.math.mean(
        tf.dtypes.cast(
            tf.math.logicalOr(tf.math.less(x, min), tf.math.greater(x, max)), TFloat32.class),
        tf.constant(-1));
  }

  private ModelVariable variable(String name) {
    return training.model().variable(name);
  }

  /**
   * The quantizers as they are now.
   *
   * @param session where the graph runs
   * @param batch what passes through the model, without dropout
   * @return by the variable or tensor that they quantize
   */
  Map<String, QuantizerState> look(Session session, Batch batch) {
    if (quantizers.isEmpty()) {
      return Map.of();
    }
    List<Operand<TFloat32>> wanted = new ArrayList<>(steps);
    wanted.addAll(clippedOfRows);
    List<float[]> found;
    try (BatchFeeds feeds = new BatchFeeds(training, batch)) {
      found = feeds.fetch(session, wanted);
    }
    Map<String, QuantizerState> states = new LinkedHashMap<>();
    for (int i = 0; i < quantizers.size(); i++) {
      Quantizer quantizer = quantizers.get(i);
      states.put(
          quantizer.source(),
          state(quantizer, found.get(i), found.get(quantizers.size() + i), batch));
    }
    return states;
  }

  private static QuantizerState state(
      Quantizer quantizer, float[] steps, float[] clippedOfRows, Batch batch) {
    int[] counted = new int[clippedOfRows.length];
    Arrays.fill(counted, 1);
    if (quantizer.kind() == Quantizer.Kind.ACTIVATION) {
      counted = Calibration.rowMask(batch, clippedOfRows.length);
    }
    double sum = 0;
    for (int row = 0; row < counted.length; row++) {
      sum += counted[row] * clippedOfRows[row];
    }
    double mean = 0;
    double smallest = Double.POSITIVE_INFINITY;
    double largest = Double.NEGATIVE_INFINITY;
    for (float step : steps) {
      mean += step / (double) steps.length;
      smallest = Math.min(smallest, step);
      largest = Math.max(largest, step);
    }
    return new QuantizerState(
        label(quantizer), mean, smallest, largest, sum / Arrays.stream(counted).sum());
  }

  /** How the weights and tables lie on their grids. */
  List<WeightHistogram> histograms(Session session) {
    List<WeightHistogram> histograms = new ArrayList<>();
    for (int i = 0; i < quantizers.size(); i++) {
      Quantizer quantizer = quantizers.get(i);
      if (quantizer.kind() != Quantizer.Kind.ACTIVATION) {
        // One at a time: a table can be a large part of the model.
        Operand<TFloat32> values = training.read(variable(quantizer.source()));
        List<float[]> found;
        try (BatchFeeds none = new BatchFeeds()) {
          found = none.fetch(session, List.of(values, steps.get(i)));
        }
        histograms.add(
            WeightHistogram.of(
                quantizer.source(),
                label(quantizer),
                quantizer.grid(),
                found.get(0),
                found.get(1)));
      }
    }
    return histograms;
  }

  private static String label(Quantizer quantizer) {
    return quantizer.kind().name().toLowerCase(Locale.ROOT);
  }
}
