package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.StoredTensor;
import io.squat.savedmodels.TrainingGraph;
import io.squat.train.TrainingSession.BatchSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.types.TFloat32;

/** What the watch says, against the same counted in plain Java. */
class QuantizerWatchTest {
  private static final double TOLERANCE = 1e-6;

  private final ModelGraph model = TinyBert.model();

  @TempDir Path folder;

  private static Quantization quantization(Granularity granularity) {
    return new Quantization(BitWidths.parse("2-8-4"), null, granularity);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
  private TrainingSession session(Quantization quantization) {
    TrainingSession session =
        new TrainingSession(
            model,
            quantization,
            Method.SQUAT,
            Alternation.WITHIN,
            OptimizerSettings.DEFAULT,
            1,
            Device.CPU.config(2));
    session.startWeights(SavedModelFiles.checkpoint(TinyBert.folder()), ModelVariable::stored);
    Map<String, List<Float>> steps = new HashMap<>();
    TinyBert.start(model, quantization, 1)
        .forEach((name, values) -> steps.put(name, Floats.asList(values)));
    session.startStepSizes(steps);
    return session;
  }

  /** The inputs of the activations' quantizers, in a graph of its own with the same variables. */
  private List<float[]> inputs(Quantization quantization, Path prefix, Batch batch) {
    try (TrainingGraph training = TrainingGraph.build(model, quantization, false)) {
      Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
      for (ModelVariable variable : training.model().variables()) {
        variables.put(variable.own(), training.variable(variable));
      }
      CheckpointOps checkpoint = CheckpointOps.addStored(training.tf(), variables);
      try (Session session = new Session(training.graph());
          BatchFeeds feeds = new BatchFeeds(training, batch)) {
        checkpoint.restore(session, prefix);
        return feeds.fetchNames(
            session,
            training.model().quantizers().stream()
                .filter(quantizer -> quantizer.kind() == Quantizer.Kind.ACTIVATION)
                .map(quantizer -> quantizer.sites().get(0).input())
                .toList());
      }
    }
  }

  private static double clipped(Quantizer quantizer, float[] values, float[] steps, int[] rowMask) {
    int width = values.length / rowMask.length;
    int clipped = 0;
    int all = 0;
    for (int i = 0; i < values.length; i++) {
      if (rowMask[i / width] == 1) {
        float step = steps[i % steps.length];
        all++;
        if (values[i] < step * quantizer.grid().qMin()
            || values[i] > step * quantizer.grid().qMax()) {
          clipped++;
        }
      }
    }
    return (double) clipped / all;
  }

  @ParameterizedTest
  @EnumSource
  void stepSizesAndClippedSharesAreThoseOfTheVariablesAndInputs(Granularity granularity) {
    Batch batch = TinyBert.batch(0); // of padded rows
    Quantization quantization = quantization(granularity);
    try (TrainingSession session = session(quantization)) {
      session.train(
          TinyBert.batch(1), new BatchSettings(1e-3f, 1e-3f, 0.05f, 0.1f, DropoutSeed.NONE));
      Path prefix = folder.resolve("variables");
      session.saveModel(prefix);
      Map<String, QuantizerState> found = session.quantizers(batch);
      List<Quantizer> quantizers = session.training().model().quantizers();
      assertEquals(quantizers.size(), found.size());
      Iterator<float[]> inputs = inputs(quantization, prefix, batch).iterator();
      int between = 0;
      int pooledLayers = 0;
      for (Quantizer quantizer : quantizers) {
        QuantizerState state = requireNonNull(found.get(quantizer.source()));
        float[] steps = TinyBert.read(prefix, quantizer.stepSize());
        double sum = 0;
        for (float step : steps) {
          sum += step;
        }
        assertEquals(sum / steps.length, state.stepSize(), TOLERANCE);
        assertEquals(Floats.min(steps), state.smallest());
        assertEquals(Floats.max(steps), state.largest());
        float[] values;
        int[] rowMask;
        if (quantizer.kind() == Quantizer.Kind.ACTIVATION) {
          assertEquals("activation", state.kind());
          values = inputs.next();
          // The pooler reads the first token of each row alone.
          boolean pooled = quantizer.source().contains("pooler");
          pooledLayers += pooled ? 1 : 0;
          rowMask = pooled ? ones(batch.rows()) : batch.mask();
        } else {
          values = TinyBert.read(prefix, quantizer.source());
          rowMask = ones(1);
        }
        double clipped = clipped(quantizer, values, steps, rowMask);
        assertEquals(clipped, state.clipped(), TOLERANCE, quantizer.source());
        between += clipped > 0 && clipped < 1 ? 1 : 0;
      }
      assertEquals(1, pooledLayers);
      assertTrue(between > quantizers.size() / 2, between + " of " + quantizers.size());
    }
  }

  private static int[] ones(int count) {
    int[] ones = new int[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /** Two sessions train the same batches; only one is looked at. */
  @Test
  void lookingChangesNothing() throws IOException {
    byte[] unseen = trained(false);
    assertArrayEquals(unseen, trained(true));
  }

  private byte[] trained(boolean watched) throws IOException {
    try (TrainingSession session = session(quantization(Granularity.TENSOR))) {
      for (int step = 0; step < 4; step++) {
        if (watched) {
          session.quantizers(TinyBert.batch(step));
          session.histograms();
        }
        session.train(
            TinyBert.batch(step),
            new BatchSettings(1e-3f, 1e-3f, 0.05f, 0.1f, DropoutSeed.of(1, 0, step)));
      }
      Path prefix = folder.resolve("state");
      session.saveState(prefix);
      return Files.readAllBytes(folder.resolve("state.data-00000-of-00001"));
    }
  }

  @Test
  void everyWeightAndTableHasAHistogramOfAllItsValues() {
    try (TrainingSession session = session(quantization(Granularity.CHANNEL))) {
      List<Quantizer> weights =
          session.training().model().quantizers().stream()
              .filter(quantizer -> quantizer.kind() != Quantizer.Kind.ACTIVATION)
              .toList();
      List<WeightHistogram> histograms = session.histograms();
      assertEquals(
          weights.stream().map(Quantizer::source).toList(),
          histograms.stream().map(WeightHistogram::name).toList());
      for (WeightHistogram histogram : histograms) {
        assertEquals(
            model.variable(histogram.name()).size(),
            histogram.below()
                + histogram.above()
                + histogram.counts().stream().mapToLong(Long::longValue).sum());
      }
    }
  }
}
