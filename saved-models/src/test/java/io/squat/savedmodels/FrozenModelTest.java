package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.proto.NodeDef;

class FrozenModelTest {
  private static final SavedModelReader.Choice CHOICE = SavedModelReader.Choice.DEFAULT;

  @TempDir Path folder;

  /** What of a packed model must survive: its integers, in the order of their names. */
  private static Map<String, Object> integers(ServingModel model) {
    Map<String, Object> integers = new HashMap<>();
    for (NodeDef node : model.graph().getNodeList()) {
      if (node.getOp().equals("Const") && node.getName().endsWith("/integers")) {
        integers.put(node.getName(), node.getAttrOrThrow("value").getTensor().getTensorContent());
      }
    }
    return integers;
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8,true",
    "TF1_BERT_RESOURCE,2-2-8,true",
    "HUGGING_FACE,3-4-8,true",
    "MODEL_GARDEN,4-3-4,true",
    "DISTIL_BERT,8-8-8,true",
    "TF1_BERT,4-8-8,false",
    "TF1_BERT_RESOURCE,2-2-8,false",
    "HUGGING_FACE,3-4-8,false"
  })
  void aQuantizedModelIsReadAgainToTheLastInteger(TinyModel tiny, String bits, boolean isPacked) {
    try (TrainedTinyModel trained = new TrainedTinyModel(tiny, bits, TrainedTinyModel.CLASSES)) {
      ServingModel packed = Export.toPacked(trained.model, trained.quantization, trained);
      ServingModel exported =
          isPacked ? packed : Export.toInt8(trained.model, trained.quantization, trained);
      Path written = folder.resolve("packed");
      SavedModelWriter.write(written, exported, Map.of());
      assertTrue(FrozenModel.is(written, CHOICE));

      FrozenModel.Thawed thawed = FrozenModel.thaw(written, CHOICE);
      FrozenModel.Recovered recovered = Objects.requireNonNull(thawed.quantization());
      assertEquals(bits, recovered.bits());
      Path variables = folder.resolve("thawed");
      SavedModelWriter.write(variables, thawed.model(), Map.of());
      assertFalse(FrozenModel.is(variables, CHOICE));

      ModelGraph model = Rewriting.withHead(SavedModelReader.read(variables, CHOICE), 3);
      Quantization quantization =
          new Quantization(BitWidths.parse(recovered.bits()), recovered.levels());
      Map<String, Float> steps = recovered.stepSizes(model, quantization).orElseThrow();
      ModelValues values = ModelValues.ofSavedModel(variables, model);
      ServingModel again =
          Export.toPacked(
              model,
              quantization,
              name -> {
                Float step = steps.get(name);
                return step != null ? new float[] {step} : values.values(name);
              });
      assertEquals(integers(packed).size(), integers(again).size());
      assertEquals(Map.copyOf(sorted(integers(packed))), Map.copyOf(sorted(integers(again))));
    }
  }

  /** Without the scope that a signature's second variant has. */
  private static Map<String, Object> sorted(Map<String, Object> integers) {
    Map<String, Object> plain = new HashMap<>();
    integers.forEach((name, value) -> plain.put(name.replace(ServingModel.FLOAT + "/", ""), value));
    return plain;
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
              ? Export.toPacked(trained.model, trained.quantization, trained)
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

  @Test
  void stepsOfOtherBitsAreNotTakenOver() {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      Path written = folder.resolve("packed");
      SavedModelWriter.write(
          written, Export.toPacked(trained.model, trained.quantization, trained), Map.of());
      FrozenModel.Recovered recovered =
          Objects.requireNonNull(FrozenModel.thaw(written, CHOICE).quantization());
      assertTrue(
          recovered
              .stepSizes(trained.model, new Quantization(BitWidths.parse("3-8-8"), null))
              .isEmpty());
    }
  }

  @Test
  void aModelWithVariablesIsNotFrozen() {
    assertFalse(FrozenModel.is(TinyModel.TF1_BERT.path(), CHOICE));
  }
}
