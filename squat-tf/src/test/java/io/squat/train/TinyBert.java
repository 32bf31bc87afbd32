package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Floats;
import io.squat.glue.Batch;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.StepSizes;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.StoredTensor;
import io.squat.savedmodels.TrainingGraph;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.tensorflow.types.TFloat32;

/** The tiny BERT of the test resources, its rows, and random batches for it. */
final class TinyBert {
  static final int CLASSES = 2;
  private static final int VOCABULARY = 120;
  private static final int ROWS = 5;
  private static final int LENGTH = 7;

  private TinyBert() {}

  static Path folder() {
    return resource("tiny-bert/model");
  }

  static Path vocabulary() {
    return folder().resolve("assets").resolve("vocab.txt");
  }

  static Examples examples(Split split) {
    return GlueReader.read(resource("tiny-bert"), GlueTask.COLA, split);
  }

  /** The canonical model with a head of two classes. */
  static ModelGraph model() {
    return Rewriting.withHead(
        SavedModelReader.read(folder(), SavedModelReader.Choice.DEFAULT), CLASSES);
  }

  /** The values of the model's variables; the head's are drawn, large enough to matter. */
  static Map<String, float[]> weights(ModelGraph model, long seed) {
    Random random = new Random(seed);
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ModelVariable variable : model.variables()) {
      StoredTensor stored = variable.stored();
      values.put(
          variable.name(),
          stored == null
              ? gaussian(random, (int) variable.size(), 0.3)
              : read(SavedModelFiles.checkpoint(folder()), stored.key()));
    }
    return values;
  }

  /** {@link #weights}, and step sizes: of activations so that the range is 4. */
  static Map<String, float[]> start(ModelGraph model, Quantization quantization, long seed) {
    Map<String, float[]> start = weights(model, seed);
    try (TrainingGraph training = TrainingGraph.build(model, quantization, false)) {
      for (Quantizer quantizer : training.model().quantizers()) {
        start.put(
            quantizer.stepSize(),
            quantizer.kind() == Quantizer.Kind.ACTIVATION
                ? new float[] {4f / quantizer.grid().qMax()}
                : weightSteps(model, quantization, quantizer, start));
      }
    }
    return start;
  }

  private static float[] weightSteps(
      ModelGraph model,
      Quantization quantization,
      Quantizer quantizer,
      Map<String, float[]> values) {
    String matrix = quantizer.source();
    int columns = model.variable(matrix).shape().get(1).intValue();
    return Floats.toArray(
        quantization
            .granularity(quantizer.kind())
            .groups(requireNonNull(values.get(matrix)), columns)
            .stream()
            .map(sharing -> StepSizes.ofWeights(sharing, quantizer.grid()))
            .toList());
  }

  /** 5 rows of 2 to 7 tokens. */
  static Batch batch(long seed) {
    Random random = new Random(seed);
    int[] ids = new int[ROWS * LENGTH];
    int[] mask = new int[ids.length];
    int[] segments = new int[ids.length];
    float[] labels = new float[ROWS];
    for (int row = 0; row < ROWS; row++) {
      int length = row == 0 ? LENGTH : 2 + random.nextInt(LENGTH - 2);
      labels[row] = random.nextInt(CLASSES);
      for (int i = row * LENGTH; i < row * LENGTH + length; i++) {
        ids[i] = 1 + random.nextInt(VOCABULARY - 1);
        mask[i] = 1;
        segments[i] = i < row * LENGTH + length / 2 ? 0 : 1;
      }
    }
    int[] rowIndices = new int[ROWS];
    Arrays.setAll(rowIndices, row -> row);
    return new Batch(ROWS, LENGTH, ids, mask, segments, labels, rowIndices);
  }

  static Quantization bits(String widths) {
    return Quantization.of(BitWidths.parse(widths));
  }

  /** The same with a step size for each output channel. */
  static Quantization channels(String widths) {
    return new Quantization(BitWidths.parse(widths), null, Granularity.CHANNEL);
  }

  static float[] gaussian(Random random, int count, double deviation) {
    float[] drawn = new float[count];
    for (int i = 0; i < count; i++) {
      drawn[i] = (float) (deviation * random.nextGaussian());
    }
    return drawn;
  }

  /** A tensor of a checkpoint. */
  static float[] read(Path checkpoint, String key) {
    try (CheckpointOps.Values values = CheckpointOps.read(checkpoint, List.of(key))) {
      return floats(values.get(key));
    }
  }

  static float[] floats(TFloat32 tensor) {
    float[] values = new float[(int) tensor.size()];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }

  private static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(TinyBert.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
