package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Casing;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Split;
import io.squat.glue.WordPiece;
import io.squat.ops.BitWidths;
import io.squat.savedmodels.Compute;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.savedmodels.ServingModel;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The quantized encoder against the SavedModel that it was read from, both in TensorFlow's loader.
 */
class EncoderExportTest {
  private static final int ROWS = 4;
  private static final int LENGTH = 9;

  @TempDir Path folder;

  private final EncoderExport export =
      new EncoderExport(TinyBert.folder(), SavedModelReader.Choice.DEFAULT);

  private static EncodedExamples texts() {
    try (WordPiece wordPiece = WordPiece.open(TinyBert.vocabulary(), Casing.UNCASED)) {
      return wordPiece.encode(TinyBert.examples(Split.TRAIN), 32);
    }
  }

  private ServingModel quantized(String bits, ServingFormat format) {
    return quantized(Quantization.of(BitWidths.parse(bits)), format);
  }

  private ServingModel quantized(Quantization quantization, ServingFormat format) {
    return export.quantized(
        quantization,
        new ServingForm(format, Compute.INTEGER),
        texts(),
        Device.CPU,
        2,
        Progress.NONE);
  }

  /** The mean cosine of the pooled outputs of two SavedModels, on ids that calibrated nothing. */
  private static double cosine(Path first, Path second) {
    float[] a = pooled(first);
    float[] b = pooled(second);
    int hidden = a.length / ROWS;
    double sum = 0;
    for (int row = 0; row < ROWS; row++) {
      double dot = 0;
      double ofA = 0;
      double ofB = 0;
      for (int i = row * hidden; i < (row + 1) * hidden; i++) {
        dot += a[i] * b[i];
        ofA += a[i] * a[i];
        ofB += b[i] * b[i];
      }
      sum += dot / Math.sqrt(ofA * ofB);
    }
    return sum / ROWS;
  }

  private static float[] pooled(Path model) {
    int[] ids = new int[ROWS * LENGTH];
    int[] mask = new int[ROWS * LENGTH];
    for (int i = 0; i < ids.length; i++) {
      mask[i] = i % LENGTH < LENGTH - i / LENGTH ? 1 : 0; // rows of 9, 8, 7 and 6 tokens
      ids[i] = mask[i] * (5 + 37 * i % 100);
    }
    Shape shape = Shape.of(ROWS, LENGTH);
    try (SavedModelBundle bundle = SavedModelBundle.load(model.toString(), "serve");
        TInt32 idTensor = TInt32.tensorOf(shape, DataBuffers.of(ids));
        TInt32 maskTensor = TInt32.tensorOf(shape, DataBuffers.of(mask));
        TInt32 segments = TInt32.tensorOf(shape, DataBuffers.of(new int[ids.length]));
        Result result =
            bundle.call(
                Map.of("input_ids", idTensor, "input_mask", maskTensor, "segment_ids", segments))) {
      TFloat32 pooled = (TFloat32) result.get("pooled_output").orElseThrow();
      float[] values = new float[(int) pooled.size()];
      pooled.asRawTensor().data().asFloats().read(values);
      return values;
    }
  }

  @ParameterizedTest
  @CsvSource({"PACKED", "INT8", "FLOAT"})
  void eightBitsKeepTheDirectionOfTheOutput(ServingFormat format) {
    Path written = folder.resolve("1");
    SavedModelWriter.write(written, quantized("8-8-8", format), Map.of());
    assertTrue(cosine(TinyBert.folder(), written) >= 0.98);
  }

  @ParameterizedTest
  @CsvSource({"PACKED", "INT8", "FLOAT"})
  void aStepAChannelKeepsTheDirectionOfTheOutput(ServingFormat format) {
    Path written = folder.resolve("1");
    Quantization quantization = TinyBert.channels("8-8-8");
    SavedModelWriter.write(written, quantized(quantization, format), Map.of());
    assertTrue(cosine(TinyBert.folder(), written) >= 0.98);
    if (format != ServingFormat.FLOAT) {
      FrozenModel.Recovered recovered =
          FrozenModel.thaw(written, SavedModelReader.Choice.DEFAULT).quantization();
      assertEquals(quantization, requireNonNull(recovered).quantization());
    }
  }

  @Test
  void fewerBitsMoveItMore() {
    Path eight = folder.resolve("8");
    Path two = folder.resolve("2");
    SavedModelWriter.write(eight, quantized("8-8-8", ServingFormat.FLOAT), Map.of());
    SavedModelWriter.write(two, quantized("2-2-8", ServingFormat.FLOAT), Map.of());
    assertTrue(cosine(TinyBert.folder(), two) < cosine(TinyBert.folder(), eight));
  }

  @Test
  void theSignatureStaysTheModels() {
    ServingModel model = quantized("4-8-8", ServingFormat.PACKED);
    var signature = requireNonNull(model.signatures().get(ServingModel.DEFAULT));
    assertEquals(
        requireNonNull(export.toFloat().signatures().get(ServingModel.DEFAULT))
            .getInputsMap()
            .keySet(),
        signature.getInputsMap().keySet());
    assertTrue(signature.getOutputsMap().containsKey("pooled_output"));
    assertTrue(signature.getOutputsMap().containsKey("sequence_output"));
  }
}
