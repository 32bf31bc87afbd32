package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.primitives.Ints;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchesTest {
  private static final String SEED = "20260102";
  private static final int PAD = 99;
  private static final int UNKNOWN = -1;

  /**
   * Rows whose ids, label and length tell them apart from all others: row r has ids 1000 r, 1000 r
   * + 1, ...
   */
  private static EncodedExamples examples(List<Integer> lengths) {
    List<EncodedExample> rows = new ArrayList<>();
    for (int row = 0; row < lengths.size(); row++) {
      int[] ids = new int[lengths.get(row)];
      for (int token = 0; token < ids.length; token++) {
        ids[token] = 1000 * (row + 1) + token;
      }
      rows.add(new EncodedExample(ids, (ids.length + 1) / 2, row, false));
    }
    return new EncodedExamples(rows, PAD, UNKNOWN);
  }

  @Test
  void aBatchMayHaveAsManyRowsAsAnIntegerCounts() {
    assertEquals(1, Batches.count(7, Integer.MAX_VALUE));
    assertEquals(3, Batches.count(7, 3));
    Batches all = Batches.sequential(examples(List.of(2, 3, 1, 5)), Integer.MAX_VALUE);
    assertEquals(1, all.size());
    assertArrayEquals(new int[] {3, 1, 0, 2}, all.get(0).rowIndices());
  }

  @Provide
  Arbitrary<EncodedExamples> someExamples() {
    return Arbitraries.integers()
        .between(1, 30)
        .list()
        .ofMinSize(1)
        .ofMaxSize(400)
        .map(BatchesTest::examples);
  }

  @Provide
  Arbitrary<Batches> someBatches() {
    Arbitrary<Integer> sizes = Arbitraries.integers().between(1, 17);
    Arbitrary<Batches> shuffled =
        Combinators.combine(
                someExamples(), sizes, Arbitraries.longs(), Arbitraries.integers().between(0, 9))
            .as(Batches::shuffled);
    Arbitrary<Batches> sequential =
        Combinators.combine(someExamples(), sizes).as(Batches::sequential);
    return Arbitraries.oneOf(shuffled, sequential);
  }

  /** Rebuilds every row from its batch by the definition of padding, token by token. */
  @Property(tries = 300, seed = SEED)
  void paddingIsExactAndLabelsStayWithTheirRows(@ForAll("someBatches") Batches batches) {
    for (Batch batch : batches) {
      int longest = 0;
      for (int row = 0; row < batch.rows(); row++) {
        int index = batch.rowIndices()[row];
        assertEquals(index, batch.labels()[row]);
        int length = 0;
        for (int token = 0; token < batch.length(); token++) {
          int at = row * batch.length() + token;
          if (batch.mask()[at] == 1) {
            assertEquals(token, length, "tokens stand left of the padding");
            assertEquals(1000 * (index + 1) + token, batch.ids()[at]);
            length++;
          } else {
            assertEquals(0, batch.mask()[at]);
            assertEquals(PAD, batch.ids()[at]);
            assertEquals(PAD, batch.padId());
            assertEquals(0, batch.segments()[at]);
          }
        }
        int first = (length + 1) / 2;
        for (int token = 0; token < length; token++) {
          assertEquals(token < first ? 0 : 1, batch.segments()[row * batch.length() + token]);
        }
        longest = Math.max(longest, length);
      }
      assertEquals(longest, batch.length());
    }
  }

  @Property(tries = 300, seed = SEED)
  void everyRowIsInExactlyOneBatch(
      @ForAll("someExamples") EncodedExamples examples,
      @ForAll @IntRange(min = 1, max = 17) int batchSize,
      @ForAll long seed) {
    for (Batches batches :
        List.of(
            Batches.shuffled(examples, batchSize, seed, 3),
            Batches.sequential(examples, batchSize))) {
      int[] times = new int[examples.size()];
      int full = 0;
      int tokens = 0;
      for (Batch batch : batches) {
        full += batch.rows() == batchSize ? 1 : 0;
        for (int index : batch.rowIndices()) {
          times[index]++;
        }
        tokens += Arrays.stream(batch.mask()).sum();
      }
      assertTrue(Arrays.stream(times).allMatch(n -> n == 1));
      assertEquals(examples.size() / batchSize, full);
      assertEquals((examples.size() + batchSize - 1) / batchSize, batches.size());
      assertEquals(examples.rows().stream().mapToInt(EncodedExample::length).sum(), tokens);
    }
  }

  @Property(tries = 100, seed = SEED)
  void orderIsAFunctionOfSeedAndEpoch(
      @ForAll("someExamples") EncodedExamples examples,
      @ForAll long seed,
      @ForAll @IntRange(max = 100) int epoch) {
    assertEquals(
        order(Batches.shuffled(examples, 4, seed, epoch)),
        order(Batches.shuffled(examples, 4, seed, epoch)));
  }

  @Test
  void everyEpochAndEverySeedHasAnOrderOfItsOwn() {
    EncodedExamples examples = examples(lengths(137));
    List<List<Integer>> orders = new ArrayList<>();
    for (long seed = 1; seed <= 5; seed++) {
      for (int epoch = 0; epoch < 5; epoch++) {
        orders.add(order(Batches.shuffled(examples, 8, seed, epoch)));
      }
    }
    assertEquals(25, orders.stream().distinct().count());
  }

  /** The rows' groups change too, not just the order of the batches. */
  @Test
  void epochsPutRowsTogetherAnew() {
    EncodedExamples examples = examples(lengths(1003));
    assertNotEquals(
        Batches.shuffled(examples, 8, 1, 0).stream().map(BatchesTest::group).sorted().toList(),
        Batches.shuffled(examples, 8, 1, 1).stream().map(BatchesTest::group).sorted().toList());
  }

  private static String group(Batch batch) {
    return Arrays.toString(Arrays.stream(batch.rowIndices()).sorted().toArray());
  }

  /**
   * Against a Python program, {@code src/test/resources/batches}. This order must never change: a
   * run that a later version resumes goes on where it stopped.
   */
  @Test
  void orderEqualsThePythonProgram() {
    for (JsonNode expected : Fixtures.json("batches/order.json")) {
      List<Integer> lengths = Ints.asList(Fixtures.ints(expected.get("lengths")));
      Batches batches =
          Batches.shuffled(
              examples(lengths),
              expected.get("batchSize").intValue(),
              expected.get("seed").longValue(),
              expected.get("epoch").intValue());
      assertEquals(expected.get("batches").size(), batches.size());
      for (int i = 0; i < batches.size(); i++) {
        assertArrayEquals(
            Fixtures.ints(expected.get("batches").get(i)), batches.get(i).rowIndices());
      }
    }
  }

  @Test
  void bucketsSaveMostOfThePadding() {
    EncodedExamples examples = examples(lengths(2011));
    long tokens = examples.rows().stream().mapToLong(EncodedExample::length).sum();
    long bucketed = padded(Batches.shuffled(examples, 16, 1, 0));
    long unsorted = 0;
    for (int start = 0; start < examples.size(); start += 16) {
      int end = Math.min(examples.size(), start + 16);
      unsorted +=
          (long) (end - start)
              * examples.rows().subList(start, end).stream()
                  .mapToInt(EncodedExample::length)
                  .max()
                  .orElseThrow();
    }
    assertTrue((bucketed - tokens) * 10 < unsorted - tokens, bucketed + " of " + unsorted);
  }

  @Test
  void shortBatchesAndLongBatchesAreMixedWhenTraining() {
    Batches batches = Batches.shuffled(examples(lengths(800)), 8, 1, 0);
    List<Integer> found = batches.stream().map(Batch::length).toList();
    assertNotEquals(found.stream().sorted().toList(), found);
    assertNotEquals(found.stream().sorted(Comparator.reverseOrder()).toList(), found);
  }

  @Test
  void evaluationTakesTheLongestFirst() {
    Batches batches = Batches.sequential(examples(List.of(5, 3, 8, 2, 9, 3, 7)), 3);
    assertEquals(List.of(4, 2, 6, 0, 1, 5, 3), order(batches));
    assertEquals(List.of(9, 5, 2), batches.stream().map(Batch::length).toList());
  }

  @Test
  void argumentsAreChecked() {
    EncodedExamples examples = examples(List.of(1, 2));
    assertThrows(IllegalArgumentException.class, () -> Batches.shuffled(examples, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> Batches.shuffled(examples, 1, 1, -1));
    assertThrows(IllegalArgumentException.class, () -> Batches.sequential(examples, 0));
  }

  private static List<Integer> lengths(int rows) {
    Random random = new Random(7);
    List<Integer> lengths = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      lengths.add(3 + random.nextInt(60));
    }
    return lengths;
  }

  private static List<Integer> order(Batches batches) {
    return batches.stream().flatMap(batch -> Arrays.stream(batch.rowIndices()).boxed()).toList();
  }

  private static long padded(Batches batches) {
    return batches.stream().mapToLong(batch -> (long) batch.rows() * batch.length()).sum();
  }
}
