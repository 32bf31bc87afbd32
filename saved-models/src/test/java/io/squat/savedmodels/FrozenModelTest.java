package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.protobuf.ByteString;
import io.squat.ops.BitWidths;
import io.squat.ops.FakeQuant;
import io.squat.ops.Granularity;
import io.squat.ops.IntegerStorage;
import io.squat.ops.Levels;
import io.squat.ops.QuantizationGrid;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

class FrozenModelTest {
  private static final SavedModelReader.Choice CHOICE = SavedModelReader.Choice.DEFAULT;

  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  @TempDir Path folder;

  /** What of a packed model must survive: the integers of its kernels and tables. */
  private static Map<String, ByteString> integers(ServingModel model) {
    Map<String, ByteString> integers = new HashMap<>();
    Objects.requireNonNull(model.variables())
        .values()
        .forEach(
            (name, value) -> {
              if (name.endsWith("/integers")) {
                integers.put(name, value.getTensorContent());
              }
            });
    return integers;
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8,TENSOR,true",
    "TF1_BERT_RESOURCE,2-2-8,TENSOR,true",
    "HUGGING_FACE,3-4-8,TENSOR,true",
    "MODEL_GARDEN,4-3-4,TENSOR,true",
    "DISTIL_BERT,8-8-8,TENSOR,true",
    "TF1_BERT,4-8-8,TENSOR,false",
    "TF1_BERT_RESOURCE,2-2-8,TENSOR,false",
    "HUGGING_FACE,3-4-8,TENSOR,false",
    "TF1_BERT,4-8-8,CHANNEL,true",
    "HUGGING_FACE,2-4-8,CHANNEL,true",
    "MODEL_GARDEN,3-3-4,CHANNEL,true",
    "DISTIL_BERT,8-8-8,CHANNEL,true",
    "TF1_BERT_RESOURCE,4-8-8,CHANNEL,false"
  })
  void aQuantizedModelIsReadAgainToTheLastInteger(
      TinyModel tiny, String bits, Granularity granularity, boolean isPacked) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES)) {
      ServingModel packed =
          Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER);
      ServingModel exported =
          isPacked
              ? packed
              : Export.toInt8(trained.model, trained.quantization, trained, Compute.INTEGER);
      Path written = folder.resolve("packed");
      SavedModelWriter.write(written, exported, Map.of());
      assertTrue(FrozenModel.is(written, CHOICE));

      FrozenModel.Thawed thawed = FrozenModel.thaw(written, CHOICE);
      FrozenModel.Recovered recovered = Objects.requireNonNull(thawed.quantization());
      assertEquals(trained.quantization, recovered.quantization());
      if (granularity == Granularity.CHANNEL) {
        for (LinearLayer layer : trained.structure.layers()) {
          String step = Quantizer.stepSizeName(layer.weight());
          assertEquals(Floats.asList(trained.values(step)), recovered.stepSizes().get(step), step);
        }
      }
      Path variables = folder.resolve("thawed");
      SavedModelWriter.write(variables, thawed.model(), Map.of());
      assertFalse(FrozenModel.is(variables, CHOICE));

      ModelGraph model = Rewriting.withHead(SavedModelReader.read(variables, CHOICE), 3);
      Quantization quantization = recovered.quantization();
      Map<String, List<Float>> steps = recovered.stepSizes(model, quantization).orElseThrow();
      ModelValues values = ModelValues.ofSavedModel(variables, model);
      ServingModel again =
          Export.toPacked(
              model,
              quantization,
              name -> {
                List<Float> step = steps.get(name);
                return step != null ? Floats.toArray(step) : values.values(name);
              },
              Compute.INTEGER);
      Set<String> tables =
          trained.structure.embeddings().stream()
              .map(EmbeddingLookup::table)
              .collect(Collectors.toSet());
      assertEquals(trained.structure.layers().size() + tables.size(), integers(packed).size());
      assertEquals(integers(packed), integers(again));
      List<Quantizer> before = trained.training.model().quantizers();
      List<Quantizer> after = Rewriting.quantizers(model, quantization);
      assertEquals(before.size(), after.size());
      for (int i = 0; i < before.size(); i++) {
        float[] expected = trained.values(before.get(i).stepSize());
        List<Float> found = Objects.requireNonNull(steps.get(after.get(i).stepSize()));
        assertEquals(expected.length, found.size());
        for (int j = 0; j < expected.length; j++) {
          // The graph holds the ends of a range, of which a step is a part.
          assertEquals(expected[j], found.get(j), Math.ulp(expected[j]), before.get(i).stepSize());
        }
      }
    }
  }

  /** Of one output and of several; a bias of one number is a variable like any other. */
  @ParameterizedTest
  @CsvSource({"3,true", "3,false", "1,true", "1,false"})
  void theHeadIsFoundAgain(int outputs, boolean packed) {
    try (TrainedTinyModel trained = new TrainedTinyModel(TinyModel.TF1_BERT, "8-8-8", outputs)) {
      Path written = folder.resolve("written");
      SavedModelWriter.write(
          written,
          packed
              ? Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER)
              : Export.toFloat(trained.model, trained.quantization, trained),
          Map.of());
      Path variables = packed ? folder.resolve("thawed") : written;
      if (packed) {
        SavedModelWriter.write(variables, FrozenModel.thaw(written, CHOICE).model(), Map.of());
      }
      ModelGraph model = Rewriting.withHead(SavedModelReader.read(variables, CHOICE), outputs);
      ModelValues values = ModelValues.ofSavedModel(variables, model);
      TaskHead expected = trained.model.requireHead();
      TaskHead found = model.requireHead();
      assertArrayEquals(trained.values(expected.weight()), values.values(found.weight()));
      assertArrayEquals(trained.values(expected.bias()), values.values(found.bias()));
    }
  }

  /** By the ids, and by the ids cut off at a number. */
  private static ModelGraph withSecondLookup() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    GraphEditor editor = model.edit();
    NodeDef words =
        editor.node(
            BertStructure.of(model).embeddings().stream()
                .filter(lookup -> lookup.role() == InputRole.IDS)
                .findFirst()
                .orElseThrow()
                .node());
    List<GraphEditor.Use> uses = editor.uses(words.getName());
    editor.put(Nodes.scalar("seven", 7));
    editor.put(binary("few", "Minimum", DataType.DT_INT32, words.getInput(1), "seven"));
    editor.put(words.toBuilder().setName("again").setInput(1, "few").build());
    editor.put(binary("both", "AddV2", DataType.DT_FLOAT, words.getName(), "again"));
    uses.forEach(use -> editor.setInput(use, "both"));
    return model.with(editor);
  }

  private static NodeDef binary(String name, String op, DataType type, String x, String y) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp(op)
        .addInput(x)
        .addInput(y)
        .putAttr("T", Nodes.type(type))
        .build();
  }

  @ParameterizedTest
  @CsvSource({"4-4-8", "2-8-8", "32-3-32"})
  void aTableThatIsLookedUpTwiceIsOneVariable(String bits) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(
            TinyModel.TF1_BERT,
            withSecondLookup(),
            bits,
            Granularity.TENSOR,
            TrainedTinyModel.CLASSES)) {
      Path written = folder.resolve("packed");
      SavedModelWriter.write(
          written,
          Export.toPacked(trained.model, trained.quantization, trained, Compute.FLOAT),
          Map.of());
      FrozenModel.Thawed thawed = FrozenModel.thaw(written, CHOICE);
      Path variables = folder.resolve("thawed");
      SavedModelWriter.write(variables, thawed.model(), Map.of());
      ModelGraph model =
          Rewriting.withHead(SavedModelReader.read(variables, CHOICE), TrainedTinyModel.CLASSES);
      assertEquals(
          1,
          model.variables().stream()
              .filter(variable -> variable.shape().equals(List.of(120L, 48L)))
              .count());
      assertEquals(4, BertStructure.of(model).embeddings().size());
      FrozenModel.Recovered recovered = Objects.requireNonNull(thawed.quantization());
      assertTrue(recovered.stepSizes(model, recovered.quantization()).isPresent());
    }
  }

  @Test
  void quantizersOfAnotherProgramStay() {
    TinyModel tiny = TinyModel.TF1_BERT;
    ModelGraph read = tiny.read();
    GraphEditor editor = read.edit();
    String input = BertStructure.of(read).layerInputs().get(0);
    List<GraphEditor.Use> uses = editor.uses(input);
    String rounded =
        Fragment.add(
                editor,
                "foreign",
                List.of(new Fragment.Input(input, DataType.DT_FLOAT, Shape.unknown())),
                (tf, in) ->
                    List.of(
                        FakeQuant.quantize(
                            tf,
                            in.get(0).asOutput().expect(TFloat32.class),
                            1f / 4,
                            new QuantizationGrid(3, Levels.FULL))))
            .get(0);
    uses.forEach(use -> editor.setInput(use, rounded));
    ModelGraph quantized = read.with(editor);
    Constants constants =
        new Constants(ModelValues.ofSavedModel(tiny.path(), read), IntegerStorage.PACKED);
    ServingGraph graph = new ServingGraph(Map.of());
    graph.add(
        ServingModel.DEFAULT,
        quantized.inputs(),
        Rewriting.apply(quantized, List.of(new FreezeVariables(constants))));
    Path frozen = folder.resolve("frozen");
    SavedModelWriter.write(frozen, graph.build(), Map.of());
    assertTrue(FrozenModel.is(frozen, CHOICE));
    FrozenModel.Thawed thawed = FrozenModel.thaw(frozen, CHOICE);
    assertNull(thawed.quantization());
    Path variables = folder.resolve("thawed");
    SavedModelWriter.write(variables, thawed.model(), Map.of());
    float[] expected = pooled(tiny, frozen);
    float[] before = tiny.output(tiny.pooled());
    float tolerance = RELATIVE_TOLERANCE * RewrittenModelTest.max(expected);
    assertArrayEquals(expected, pooled(tiny, variables), tolerance);
    assertTrue(
        IntStream.range(0, before.length)
            .anyMatch(i -> Math.abs(before[i] - expected[i]) > 100 * tolerance),
        "rounding has an effect");
  }

  private static float[] pooled(TinyModel tiny, Path folder) {
    Map<String, Tensor> inputs = new HashMap<>();
    for (InputRole role : InputRole.values()) {
      inputs.put(tiny.key(role), tiny.input(role));
    }
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve");
        Result result = bundle.call(inputs)) {
      return TrainedTinyModel.floats(result.get(tiny.pooled()).orElseThrow());
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  @Test
  void stepsOfAnotherQuantizationAreNotTakenOver() {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      Path written = folder.resolve("packed");
      SavedModelWriter.write(
          written,
          Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER),
          Map.of());
      FrozenModel.Thawed thawed = FrozenModel.thaw(written, CHOICE);
      FrozenModel.Recovered recovered = Objects.requireNonNull(thawed.quantization());
      Path variables = folder.resolve("thawed");
      SavedModelWriter.write(variables, thawed.model(), Map.of());
      ModelGraph model = SavedModelReader.read(variables, CHOICE);
      assertTrue(recovered.stepSizes(model, trained.quantization).isPresent());
      BitWidths bits = BitWidths.parse("4-8-8");
      for (Quantization other :
          List.of(
              Quantization.of(BitWidths.parse("3-8-8")),
              new Quantization(bits, Levels.SYMMETRIC, Granularity.TENSOR),
              new Quantization(bits, null, Granularity.CHANNEL))) {
        assertTrue(recovered.stepSizes(model, other).isEmpty(), other.toString());
      }
    }
  }

  @Test
  void aModelWithVariablesIsNotFrozen() {
    assertFalse(FrozenModel.is(TinyModel.TF1_BERT.path(), CHOICE));
  }
}
