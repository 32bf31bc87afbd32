package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.squat.ops.BitWidths;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

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
    Map<String, Tensor> inputs = new HashMap<>();
    model.inputs().forEach(input -> inputs.put(input.key(), tiny.input(input.role())));
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve");
        Result result = bundle.call(inputs)) {
      for (String output : model.outputs().keySet()) {
        float[] expected = tiny.output(output);
        float[] actual = new float[expected.length];
        result.get(output).orElseThrow().asRawTensor().data().asFloats().read(actual);
        assertArrayEquals(
            expected, actual, RELATIVE_TOLERANCE * RewrittenModelTest.max(expected), output);
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  /** Who trains the export on trains each of them. */
  @ParameterizedTest
  @CsvSource({"TF1_BERT,32-32-32", "HUGGING_FACE,4-8-8"})
  void variablesThatHappenToBeEqualStaySeveral(TinyModel tiny, String bits) {
    ModelGraph model = tiny.read();
    ModelValues equal =
        name -> {
          float[] values = new float[name.endsWith("step_size") ? 1 : size(model, name)];
          Arrays.fill(values, 0.5f);
          return values;
        };
    ServingVariables variables =
        Objects.requireNonNull(
            Export.toFloat(model, Quantization.of(BitWidths.parse(bits)), equal).variables());
    assertEquals(
        model.variables().stream().map(ModelVariable::name).sorted().toList(),
        variables.values().keySet().stream()
            .filter(name -> !name.contains("/folded"))
            .map(name -> name.replaceFirst("/quantized$", ""))
            .sorted()
            .toList());
  }

  private static int size(ModelGraph model, String name) {
    return (int) model.variable(name).size();
  }

  @Test
  void itsSaverSavesWhatWasRestored(@TempDir Path temp) {
    TinyModel tiny = TinyModel.TF1_BERT;
    ModelGraph model = tiny.read();
    ServingModel exported =
        Export.toFloat(model, Quantization.NONE, ModelValues.ofSavedModel(tiny.path(), model));
    Path folder = temp.resolve("1");
    SavedModelWriter.write(folder, exported, Map.of());
    ServingVariables variables = Objects.requireNonNull(exported.variables());
    Path saved = temp.resolve("saved");
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve");
        TString prefix = TString.scalarOf(saved.toString())) {
      bundle
          .session()
          .runner()
          .feed(variables.saver().getFilenameTensorName(), prefix)
          .fetch(variables.saver().getSaveTensorName())
          .run()
          .close();
    }
    ModelValues before = ModelValues.ofCheckpoint(SavedModelFiles.checkpoint(folder));
    ModelValues after = ModelValues.ofCheckpoint(saved);
    assertFalse(variables.values().isEmpty());
    for (String key : variables.values().keySet()) {
      assertArrayEquals(before.values(key), after.values(key), key);
    }
  }

  @Test
  void aNodeThatIsNamedLikeAKernelIsNone() {
    GraphDef graph =
        GraphDef.newBuilder()
            .addNode(Constants.floats("x/read", List.of(2L), new float[] {1, 2}))
            .addNode(Nodes.identity("x/int8", "x/read", DataType.DT_FLOAT))
            .build();
    ServingVariables variables = ServingVariables.of(graph, ServingVariables.trained(1));
    assertEquals(Set.of("x"), variables.values().keySet());
    assertFalse(RestoredConstants.isQuantized(variables.graph()));
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
        read.inputs().stream().map(in -> "my_" + in.key()).collect(Collectors.toSet()),
        signature.getInputsMap().keySet());
    Path written = folder.resolve("1");
    SavedModelWriter.write(written, exported, Map.of());
    Map<String, TInt64> feeds = new HashMap<>();
    for (ModelInput input : read.inputs()) {
      try (TInt32 narrow = tiny.input(input.role())) {
        feeds.put(tensor(signature, "my_" + input.key()), wide(narrow));
      }
    }
    try (SavedModelBundle bundle = SavedModelBundle.load(written.toString(), "serve")) {
      String pooled = signature.getOutputsOrThrow(tiny.pooled()).getName();
      float[] expected = tiny.output(tiny.pooled());
      assertArrayEquals(
          expected,
          TrainedTinyModel.fetch(bundle.session(), feeds, List.of(pooled)).get(pooled),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
    } finally {
      feeds.values().forEach(Tensor::close);
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
