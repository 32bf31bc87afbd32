package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;

class FloatExportTest {
  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  @ParameterizedTest
  @EnumSource
  void withoutHeadAndQuantizationGivesTheOriginalOutputs(TinyModel tiny, @TempDir Path temp) {
    ModelGraph model = tiny.read();
    Path folder = temp.resolve("1");
    SavedModelWriter.write(
        folder,
        Export.toFloat(model, Quantization.NONE, ModelValues.ofSavedModel(tiny.path(), model)),
        Map.of());
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve");
        var ids = tiny.input(InputRole.IDS);
        var mask = tiny.input(InputRole.MASK);
        var segments = tiny.input(InputRole.SEGMENTS);
        Result result =
            bundle.call(
                Map.<String, Tensor>of(
                    "input_ids", ids, "input_mask", mask, "segment_ids", segments))) {
      for (String output : new String[] {"pooled_output", "sequence_output"}) {
        float[] expected = tiny.output(output);
        float[] actual = new float[expected.length];
        result.get(output).orElseThrow().asRawTensor().data().asFloats().read(actual);
        assertArrayEquals(
            expected, actual, RELATIVE_TOLERANCE * RewrittenModelTest.max(expected), output);
      }
    }
  }
}
