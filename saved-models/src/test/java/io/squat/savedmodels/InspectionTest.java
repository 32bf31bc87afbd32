package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the tiny models were made with: 2 layers of 4 heads, 48 wide, 120 words, 40 positions. */
class InspectionTest {
  private static Inspection inspect(TinyModel tiny) {
    return Inspection.of(tiny.read(), Quantization.of(BitWidths.parse("4-8-8")));
  }

  @ParameterizedTest
  @EnumSource
  void theStructureIsTheOneThatWasSaved(TinyModel tiny) {
    Inspection found = inspect(tiny);
    assertEquals(2, found.attentionBlocks());
    assertEquals(4, found.heads());
    assertEquals(1 + 2 * 2, found.layerNorms());
    assertEquals(1 + 2 + 2 * 2, found.dropoutSites());
    assertEquals(120, found.vocabulary());
    assertEquals(40, found.positions());
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,GELU (tanh),pooled_output",
    "MODEL_GARDEN,GELU (tanh),pooled_output",
    "HUGGING_FACE,GELU (erf),pooler_output",
    "CLASSIFIER,GELU (erf),logits",
    "DISTIL_BERT,GELU (erf),'the first token, as there is no pooler'"
  })
  void activationAndPoolerAreNamed(TinyModel tiny, String activation, String pooled) {
    Inspection found = inspect(tiny);
    assertEquals(activation, found.activation());
    assertEquals(pooled, found.pooled());
  }

  /** Kernels, tables and inputs of layers have a step; by channel a kernel has one a column. */
  @ParameterizedTest
  @EnumSource
  void stepSizesAreCounted(Granularity granularity) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    Quantization quantization =
        new Quantization(BitWidths.parse("8-8-8"), /* levels= */ null, granularity);
    Inspection found = Inspection.of(model, quantization);
    long bytes = 0;
    long steps = (long) found.tables().size() + BertStructure.of(model).layerInputs().size();
    for (Inspection.Part part :
        Stream.concat(found.layers().stream(), found.tables().stream()).toList()) {
      bytes += part.shape().get(0) * part.shape().get(1);
    }
    for (Inspection.Part layer : found.layers()) {
      steps += granularity == Granularity.CHANNEL ? layer.shape().get(1) : 1;
    }
    long floating = found.parameters() - bytes;
    assertEquals(bytes + 4 * floating + 4 * steps, found.quantizedBytes());
  }

  @ParameterizedTest
  @CsvSource({"2-8-8,2,8", "4-3-8,4,3", "3-32-4,3,32", "32-2-8,32,2"})
  void bytesFollowTheBits(String bits, int ofLayers, int ofTables) {
    ModelGraph model = TinyModel.HUGGING_FACE.read();
    Inspection found = Inspection.of(model, Quantization.of(BitWidths.parse(bits)));
    long layers = numbers(found.layers());
    long tables = numbers(found.tables());
    long steps =
        BertStructure.of(model).layerInputs().size()
            + (ofLayers == 32 ? 0 : found.layers().size())
            + (ofTables == 32 ? 0L : found.tables().size());
    long floating = found.parameters() - layers - tables;
    assertEquals(
        (ofLayers * layers + ofTables * tables + 32 * (floating + steps)) / 8,
        found.quantizedBytes());
  }

  private static long numbers(List<Inspection.Part> parts) {
    return parts.stream().mapToLong(part -> part.shape().get(0) * part.shape().get(1)).sum();
  }

  @ParameterizedTest
  @EnumSource
  void everyParameterIsQuantizedOrHasAReason(TinyModel tiny) {
    Inspection found = inspect(tiny);
    long quantized =
        Stream.concat(found.layers().stream(), found.tables().stream())
            .mapToLong(part -> part.shape().stream().reduce(1L, (a, b) -> a * b))
            .sum();
    long floating = found.floating().values().stream().mapToLong(Long::longValue).sum();
    assertEquals(found.parameters(), quantized + floating);
    assertEquals(
        tiny == TinyModel.CLASSIFIER,
        found.floating().containsKey("the model's own classifier: heads stay float"));
    StringWriter text = new StringWriter();
    found.print(new PrintWriter(text, true));
    found.floating().keySet().forEach(why -> assertTrue(text.toString().contains(why), why));
  }
}
