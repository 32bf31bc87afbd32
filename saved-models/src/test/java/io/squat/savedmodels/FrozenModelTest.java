package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.protobuf.ByteString;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import java.nio.file.Path;
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

class FrozenModelTest {
  private static final SavedModelReader.Choice CHOICE = SavedModelReader.Choice.DEFAULT;

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
