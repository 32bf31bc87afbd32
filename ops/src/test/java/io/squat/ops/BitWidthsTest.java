package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitWidthsTest {
  @Test
  void notationIsReadInTheOrderWeightsEmbeddingsActivations() {
    assertEquals(new BitWidths(4, 8, 32), BitWidths.parse("4-8-32"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"4-8-8", "2-3-5", "32-32-32"})
  void notationIsWrittenAsItIsRead(String text) {
    assertEquals(text, BitWidths.parse(text).toString());
  }

  @Test
  void moreBitsComeLaterWhateverTheirTextIs() {
    assertEquals(
        List.of("2-8-8", "2-8-32", "4-2-8", "4-8-8", "32-8-8"),
        Stream.of("32-8-8", "4-8-8", "2-8-32", "4-2-8", "2-8-8")
            .map(BitWidths::parse)
            .sorted()
            .map(BitWidths::toString)
            .toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "4", "4-8", "4-8-8-8", "4-8-", "-4-8-8", "4,8,8", " 4-8-8", "a-8-8"})
  void otherFormsAreRefused(String text) {
    var e = assertThrows(IllegalArgumentException.class, () -> BitWidths.parse(text));
    assertEquals(
        "Bits: expected W-E-A (weights-embeddings-activations, each 2 to 8, or 32 for float),"
            + " such as 4-8-8, found \""
            + text
            + "\"",
        e.getMessage());
  }

  @Test
  void otherWidthsAreRefusedByName() {
    assertRefused("1-8-8", "Bits of weights: expected 2 to 8, or 32 for float, found 1");
    assertRefused("4-16-8", "Bits of embeddings: expected 2 to 8, or 32 for float, found 16");
    assertRefused("4-8-0", "Bits of activations: expected 2 to 8, or 32 for float, found 0");
  }

  private static void assertRefused(String text, String message) {
    var e = assertThrows(IllegalArgumentException.class, () -> BitWidths.parse(text));
    assertEquals(message, e.getMessage());
  }
}
