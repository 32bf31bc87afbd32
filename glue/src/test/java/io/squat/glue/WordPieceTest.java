package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.Utils;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.StreamSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * Against the Python libraries tokenizers and transformers: {@code src/test/resources/wordpiece}.
 */
class WordPieceTest {
  /** More tokens than any text of the fixture has. */
  private static final int NO_LIMIT = 2000;

  /** The id of {@code [UNK]}: its line, from 0. */
  private static final int UNKNOWN = 100;

  private static final JsonNode FIXTURE = Fixtures.json("wordpiece/wordpiece.json");
  private static final List<String> TEXTS = Fixtures.strings(FIXTURE.get("texts"));
  private static final WordPiece UNCASED =
      WordPiece.open(Fixtures.path("wordpiece/uncased-vocab.txt"), Casing.UNCASED);

  @Test
  void uncasedEqualsThePythonLibrary() {
    assertIds(FIXTURE.get("uncased"), TEXTS, UNCASED.encode(TEXTS, null, NO_LIMIT));
  }

  @Test
  void casedEqualsThePythonLibrary() {
    try (WordPiece cased =
        WordPiece.open(Fixtures.path("wordpiece/cased-vocab.txt"), Casing.CASED)) {
      assertIds(FIXTURE.get("cased"), TEXTS, cased.encode(TEXTS, null, NO_LIMIT));
    }
  }

  @Test
  void textsOfOneRowAreCutAtTheEnd() {
    EncodedExamples encoded = UNCASED.encode(TEXTS, null, 9);
    assertIds(FIXTURE.get("uncasedTo9"), TEXTS, encoded);
    int longer = 0;
    for (int row = 0; row < TEXTS.size(); row++) {
      boolean cut = FIXTURE.get("uncased").get(row).size() > 9;
      assertEquals(cut, encoded.rows().get(row).truncated(), TEXTS.get(row));
      longer += cut ? 1 : 0;
    }
    assertEquals(longer, encoded.truncatedRows());
  }

  /** Ids of the Python library, counted. */
  @Test
  void wordsThatTheVocabularyDoesNotHaveAreCounted() {
    int all = 0;
    int unknown = 0;
    for (JsonNode ids : FIXTURE.get("uncased")) {
      for (JsonNode id : ids) {
        all++;
        unknown += id.intValue() == UNKNOWN ? 1 : 0;
      }
    }
    assertTrue(unknown > 0, "the fixture has words that are not in the vocabulary");
    assertEquals(
        (double) unknown / all, UNCASED.encode(TEXTS, null, NO_LIMIT).unknownShare(), 1e-12);
  }

  @Test
  void pairsEqualThePythonLibrary() {
    List<String> a = new ArrayList<>();
    List<String> b = new ArrayList<>();
    for (JsonNode pair : FIXTURE.get("pairs")) {
      a.add(pair.get("a").textValue());
      b.add(pair.get("b").textValue());
    }
    EncodedExamples encoded = UNCASED.encode(a, b, NO_LIMIT);
    assertEquals(FIXTURE.get("pairs").size(), encoded.size());
    assertEquals(0, encoded.truncatedRows());
    for (int row = 0; row < encoded.size(); row++) {
      JsonNode expected = FIXTURE.get("pairs").get(row);
      Batch batch = Batch.of(encoded, new int[] {row});
      assertArrayEquals(Fixtures.ints(expected.get("ids")), batch.ids(), a.get(row));
      assertArrayEquals(Fixtures.ints(expected.get("segments")), batch.segments(), a.get(row));
    }
  }

  @Test
  void batchEqualsTransformersInputsOfMiniLm() {
    JsonNode expected = Fixtures.json("wordpiece/minilm-l6-h384-uncased.expected.json");
    List<String> a = new ArrayList<>();
    List<String> b = new ArrayList<>();
    for (JsonNode pair : expected.get("texts")) {
      a.add(pair.get(0).textValue());
      b.add(pair.get(1).textValue());
    }
    Batch batch = Batch.of(UNCASED.encode(a, b, 128), new int[] {0, 1});
    JsonNode inputs = expected.get("inputs");
    assertEquals(16, batch.length());
    assertArrayEquals(flat(inputs.get("input_ids")), batch.ids());
    assertArrayEquals(flat(inputs.get("attention_mask")), batch.mask());
    assertArrayEquals(flat(inputs.get("token_type_ids")), batch.segments());
  }

  private static int[] flat(JsonNode rows) {
    return StreamSupport.stream(rows.spliterator(), false)
        .flatMapToInt(row -> Arrays.stream(Fixtures.ints(row)))
        .toArray();
  }

  @Test
  void longPairsAreCutAsGoogleCutsThem() {
    int[] lengths = {0, 1, 4, 5, 6, 9};
    for (int lengthA : lengths) {
      for (int lengthB : lengths) {
        for (int maxLength = 5; maxLength <= 22; maxLength++) {
          EncodedExample row =
              UNCASED
                  .encode(List.of(words("cat", lengthA)), List.of(words("dog", lengthB)), maxLength)
                  .rows()
                  .get(0);
          int[] kept = truncateSeqPair(lengthA, lengthB, maxLength - 3);
          int[] expected = new int[kept[0] + kept[1] + 3];
          Arrays.fill(expected, 3899);
          Arrays.fill(expected, 0, kept[0] + 1, 4937);
          expected[0] = 101;
          expected[kept[0] + 1] = 102;
          expected[expected.length - 1] = 102;
          assertArrayEquals(expected, row.ids());
          assertEquals(kept[0] + 2, row.firstSegmentLength());
        }
      }
    }
  }

  /** The 1,000 texts of one native call are not a border. */
  @Test
  void manyTextsKeepTheirOrder() {
    List<String> numbers = new ArrayList<>();
    for (int i = 0; i < 2345; i++) {
      numbers.add(Integer.toString(i));
    }
    EncodedExamples together = UNCASED.encode(numbers, null, 16);
    assertEquals(2345, together.size());
    for (int row : new int[] {0, 7, 999, 1000, 1001, 1999, 2000, 2344}) {
      assertArrayEquals(
          UNCASED.encode(List.of(numbers.get(row)), null, 16).rows().get(0).ids(),
          together.rows().get(row).ids());
    }
  }

  @Test
  void labelsFollowTheirRows() {
    Examples examples =
        new Examples(
            GlueTask.RTE,
            Split.DEV,
            List.of(new Example("0", "a", "b", 1), new Example("1", "c", "d", 0)),
            0,
            "00");
    EncodedExamples encoded = UNCASED.encode(examples, 8);
    assertEquals(1, encoded.rows().get(0).label());
    assertEquals(0, encoded.rows().get(1).label());
    assertArrayEquals(new int[] {101, 1039, 102, 1040, 102}, encoded.rows().get(1).ids());
  }

  @Test
  void halfASurrogatePairIsDropped() {
    EncodedExamples encoded = UNCASED.encode(List.of("a \ud800 b", "\udc00"), null, 8);
    assertArrayEquals(new int[] {101, 1037, 1038, 102}, encoded.rows().get(0).ids());
    assertArrayEquals(new int[] {101, 102}, encoded.rows().get(1).ids());
  }

  /**
   * By itself the library reports to its makers, and on machines with a GPU fetches another build.
   */
  @Test
  void tokenizersLibraryIsToldToStayOffTheNetwork() {
    assertTrue(Utils.isOfflineMode());
  }

  @Test
  void knowsItsSize() {
    assertEquals(30522, UNCASED.vocabSize());
  }

  @Test
  void argumentsAreChecked() {
    List<String> one = List.of("a");
    assertMessage("at least 3 tokens, found 2", () -> UNCASED.encode(one, null, 2));
    assertMessage("at least 5 tokens, found 4", () -> UNCASED.encode(one, one, 4));
    assertMessage(
        "found 1 first and 2 second texts", () -> UNCASED.encode(one, List.of("b", "c"), 9));
  }

  @Property(tries = 500, seed = "20260101")
  void keptTokensEqualGooglesLoop(
      @ForAll @IntRange(max = 40) int a,
      @ForAll @IntRange(max = 40) int b,
      @ForAll @IntRange(min = 2, max = 50) int room) {
    int[] expected = truncateSeqPair(a, b, room);
    int keptOfFirst = WordPiece.keptOfFirst(a, b, room);
    assertEquals(expected[0], keptOfFirst);
    assertEquals(expected[1], Math.min(b, room - keptOfFirst));
  }

  /**
   * {@code _truncate_seq_pair} of google-research/bert's {@code run_classifier.py}, step by step,
   * on lengths.
   */
  private static int[] truncateSeqPair(int a, int b, int maxLength) {
    while (a + b > maxLength) {
      if (a > b) {
        a--;
      } else {
        b--;
      }
    }
    return new int[] {a, b};
  }

  private static String words(String word, int count) {
    return String.join(" ", Collections.nCopies(count, word));
  }

  private static void assertIds(JsonNode expected, List<String> texts, EncodedExamples encoded) {
    assertEquals(expected.size(), encoded.size());
    for (int row = 0; row < encoded.size(); row++) {
      assertArrayEquals(
          Fixtures.ints(expected.get(row)), encoded.rows().get(row).ids(), texts.get(row));
    }
  }

  private static void assertMessage(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }
}
