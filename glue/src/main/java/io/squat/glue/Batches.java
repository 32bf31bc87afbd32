package io.squat.glue;

import com.google.common.hash.Hashing;
import com.google.common.primitives.Ints;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.RandomAccess;

/**
 * All rows in batches of rows of similar length; every row is in exactly one batch.
 *
 * <p>A batch is built when it is asked for, so {@link #get} gives any batch of an epoch at the same
 * cost: a resumed run starts in the middle. All batches have {@code batchSize} rows but one, which
 * has the rest.
 */
public final class Batches extends AbstractList<Batch> implements RandomAccess {
  /**
   * How many batches' rows are sorted together: large enough for little padding, small enough that
   * batches differ between epochs.
   */
  private static final int BATCHES_PER_POOL = 50;

  private final EncodedExamples examples;
  private final List<int[]> rowIndices;

  private Batches(EncodedExamples examples, List<int[]> rowIndices) {
    this.examples = examples;
    this.rowIndices = rowIndices;
  }

  /**
   * Batches for one epoch of training: the rows are shuffled, sorted by length within pools of 50
   * batches, cut into batches, and the batches shuffled. The order is a function of the number and
   * lengths of the rows, {@code batchSize}, {@code seed} and {@code epoch} alone, on every Java
   * platform.
   *
   * @param batchSize rows a batch, at least 1
   * @param seed the run's seed
   * @param epoch the epoch, from 0; each has an order of its own
   * @throws IllegalArgumentException if {@code batchSize} or {@code epoch} is out of range
   */
  public static Batches shuffled(EncodedExamples examples, int batchSize, long seed, int epoch) {
    checkAtLeast("batch size", batchSize, 1);
    checkAtLeast("epoch", epoch, 0);
    long mixed = Hashing.murmur3_128().newHasher().putLong(seed).putInt(epoch).hash().asLong();
    // Random and not SplittableRandom: its algorithm is part of its documentation.
    Random random = new Random(mixed);
    int[] order = fileOrder(examples);
    Collections.shuffle(Ints.asList(order), random);
    int pool = (int) Math.min(order.length, (long) BATCHES_PER_POOL * batchSize);
    for (int start = 0; start < order.length; start += pool) {
      sortByLength(examples, order, start, Math.min(order.length, start + pool));
    }
    List<int[]> batches = cut(order, batchSize);
    Collections.shuffle(batches, random);
    return new Batches(examples, batches);
  }

  /**
   * Batches for evaluation: the longest rows first, so that a batch that does not fit into memory
   * fails at once.
   *
   * @param batchSize rows a batch, at least 1
   * @throws IllegalArgumentException if {@code batchSize} is out of range
   */
  public static Batches sequential(EncodedExamples examples, int batchSize) {
    checkAtLeast("batch size", batchSize, 1);
    int[] order = fileOrder(examples);
    sortByLength(examples, order, 0, order.length);
    return new Batches(examples, cut(order, batchSize));
  }

  /**
   * How many batches there are.
   *
   * @param rows how many rows
   * @param batchSize rows a batch, at least 1
   */
  public static int count(int rows, int batchSize) {
    checkAtLeast("batch size", batchSize, 1);
    return Math.toIntExact(((long) rows + batchSize - 1) / batchSize);
  }

  private static void checkAtLeast(String what, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "expected a " + what + " of at least " + least + ", found " + value);
    }
  }

  private static int[] fileOrder(EncodedExamples examples) {
    int[] order = new int[examples.size()];
    Arrays.setAll(order, row -> row);
    return order;
  }

  /** Sorts a part of the order, longest first; rows of equal length keep their order. */
  private static void sortByLength(EncodedExamples examples, int[] order, int start, int end) {
    Comparator<Integer> byLength =
        Comparator.comparingInt((Integer row) -> examples.rows().get(row).length());
    Ints.asList(order).subList(start, end).sort(byLength.reversed());
  }

  private static List<int[]> cut(int[] order, int batchSize) {
    int[][] batches = new int[count(order.length, batchSize)][];
    for (int i = 0; i < batches.length; i++) {
      int start = i * batchSize;
      batches[i] =
          Arrays.copyOfRange(order, start, start + Math.min(order.length - start, batchSize));
    }
    return Arrays.asList(batches);
  }

  @Override
  public Batch get(int index) {
    return Batch.of(examples, rowIndices.get(index).clone());
  }

  @Override
  public int size() {
    return rowIndices.size();
  }
}
