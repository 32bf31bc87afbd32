package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

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
                    tiny.key(InputRole.IDS),
                    ids,
                    tiny.key(InputRole.MASK),
                    mask,
                    tiny.key(InputRole.SEGMENTS),
                    segments))) {
      for (String output : model.outputs().keySet()) {
        float[] expected = tiny.output(output);
        float[] actual = new float[expected.length];
        result.get(output).orElseThrow().asRawTensor().data().asFloats().read(actual);
        assertArrayEquals(
            expected, actual, RELATIVE_TOLERANCE * RewrittenModelTest.max(expected), output);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aModelThatWasReadWithInt64KeepsIt(TinyModel tiny, @TempDir Path folder) {
    ModelGraph read = tiny.read();
    ModelGraph model =
        new ModelGraph(
            read.graph(),
            read.variables(),
            read.inputs().stream()
                .map(in -> new ModelInput("my_" + in.key(), in.tensor(), in.role(), true))
                .toList(),
            read.outputs(),
            read.pooledOutput(),
            null,
            List.of());
    ServingModel exported =
        Export.toFloat(model, Quantization.NONE, ModelValues.ofSavedModel(tiny.path(), model));
    assertEquals(Set.of(ServingModel.DEFAULT), exported.signatures().keySet());
    SignatureDef signature =
        Objects.requireNonNull(exported.signatures().get(ServingModel.DEFAULT));
    assertEquals(
        Stream.of(InputRole.values())
            .map(role -> "my_" + tiny.key(role))
            .collect(Collectors.toSet()),
        signature.getInputsMap().keySet());
    Path written = folder.resolve("1");
    SavedModelWriter.write(written, exported, Map.of());
    try (SavedModelBundle bundle = SavedModelBundle.load(written.toString(), "serve");
        TInt32 ids = tiny.input(InputRole.IDS);
        TInt32 mask = tiny.input(InputRole.MASK);
        TInt32 segments = tiny.input(InputRole.SEGMENTS);
        TInt64 wideIds = wide(ids);
        TInt64 wideMask = wide(mask);
        TInt64 wideSegments = wide(segments)) {
      Map<String, TInt64> feeds = new HashMap<>();
      feeds.put(tensor(signature, "my_" + tiny.key(InputRole.IDS)), wideIds);
      feeds.put(tensor(signature, "my_" + tiny.key(InputRole.MASK)), wideMask);
      feeds.put(tensor(signature, "my_" + tiny.key(InputRole.SEGMENTS)), wideSegments);
      String pooled = signature.getOutputsOrThrow(tiny.pooled()).getName();
      float[] expected = tiny.output(tiny.pooled());
      assertArrayEquals(
          expected,
          TrainedTinyModel.fetch(bundle.session(), feeds, List.of(pooled)).get(pooled),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
    }
  }

  private static String tensor(SignatureDef signature, String key) {
    TensorInfo input = signature.getInputsOrThrow(key);
    assertEquals(DataType.DT_INT64, input.getDtype());
    return input.getName();
  }

  private static TInt64 wide(TInt32 narrow) {
    TInt64 wide = TInt64.tensorOf(narrow.shape());
    narrow.scalars().forEachIndexed((at, value) -> wide.setLong(value.getInt(), at));
    return wide;
  }
}
