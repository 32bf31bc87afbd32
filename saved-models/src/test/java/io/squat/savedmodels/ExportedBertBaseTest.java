package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TInt32;

/** BERT-base, read and written without quantization, answers as it did before. */
@Tag("large")
class ExportedBertBaseTest {
  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  private static final int ROWS = 3;
  private static final int LENGTH = 128;
  private static final int VOCABULARY = 30522;

  @TempDir Path temp;

  @Test
  void floatExportGivesTheOriginalOutputs() throws IOException {
    Path original = temp.resolve("original");
    BertBase.unpack(original);
    ModelGraph model = SavedModelReader.read(original, SavedModelReader.Choice.DEFAULT);
    Path exported = temp.resolve("exported");
    SavedModelWriter.write(
        exported,
        Export.toFloat(model, Quantization.NONE, ModelValues.ofSavedModel(original, model)),
        Map.of());
    for (String output : new String[] {"pooled_output", "sequence_output"}) {
      float[] expected = run(original, output);
      assertArrayEquals(
          expected,
          run(exported, output),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected),
          output);
    }
  }

  private static float[] run(Path folder, String output) {
    Random random = new Random(29);
    Shape shape = Shape.of(ROWS, LENGTH);
    int[] words = random.ints((long) ROWS * LENGTH, 1, VOCABULARY).toArray();
    int[] halves = new int[ROWS * LENGTH];
    int[] real = new int[ROWS * LENGTH];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = i % LENGTH < 50 ? 0 : 1;
      real[i] = i % LENGTH < LENGTH - 20 * (i / LENGTH) ? 1 : 0;
    }
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve");
        TInt32 ids = TInt32.tensorOf(shape, DataBuffers.of(words));
        TInt32 mask = TInt32.tensorOf(shape, DataBuffers.of(real));
        TInt32 segments = TInt32.tensorOf(shape, DataBuffers.of(halves));
        Result result =
            bundle.call(
                Map.<String, Tensor>of(
                    "input_ids", ids, "input_mask", mask, "segment_ids", segments))) {
      return TrainedTinyModel.floats(result.get(output).orElseThrow());
    }
  }
}
