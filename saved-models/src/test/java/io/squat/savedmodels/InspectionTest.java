package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import java.io.PrintWriter;
import java.io.StringWriter;
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

  @ParameterizedTest
  @EnumSource
  void everyParameterIsQuantizedOrHasAReason(TinyModel tiny) {
    Inspection found = inspect(tiny);
    long quantized =
        java.util.stream.Stream.concat(found.layers().stream(), found.tables().stream())
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
