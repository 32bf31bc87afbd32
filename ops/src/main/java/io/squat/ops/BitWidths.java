package io.squat.ops;

import java.util.Arrays;
import java.util.Comparator;
import java.util.regex.Pattern;

/**
 * Bits of the linear weights, the embedding tables and the activations, in the notation {@code
 * W-E-A} of TernaryBERT and Q-BERT; 32 means not quantized.
 *
 * @param weights bits of the weights of linear layers, 2 to 8 or 32
 * @param embeddings bits of the embedding tables, 2 to 8 or 32
 * @param activations bits of the inputs of quantized linear layers, 2 to 8 or 32
 */
public record BitWidths(int weights, int embeddings, int activations)
    implements Comparable<BitWidths> {
  /** The width that stands for an unquantized float32 tensor. */
  public static final int FLOAT_BITS = 32;

  private static final Comparator<BitWidths> ORDER =
      Comparator.comparingInt(BitWidths::weights)
          .thenComparingInt(BitWidths::embeddings)
          .thenComparingInt(BitWidths::activations);

  private static final Pattern NOTATION = Pattern.compile("\\d{1,2}-\\d{1,2}-\\d{1,2}");

  /**
   * Checks the three widths.
   *
   * @throws IllegalArgumentException if a width is neither 2 to 8 nor 32
   */
  public BitWidths {
    checkWidth("weights", weights);
    checkWidth("embeddings", embeddings);
    checkWidth("activations", activations);
  }

  /**
   * Reads the notation {@code W-E-A}.
   *
   * @param text three widths, such as {@code 4-8-8}
   * @return the widths
   * @throws IllegalArgumentException if the text is not of that form or a width is not allowed
   */
  public static BitWidths parse(String text) {
    if (!NOTATION.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "Bits: expected W-E-A (weights-embeddings-activations, each 2 to 8, or 32 for float),"
              + " such as 4-8-8, found \""
              + text
              + "\"");
    }
    int[] widths = Arrays.stream(text.split("-", -1)).mapToInt(Integer::parseInt).toArray();
    return new BitWidths(widths[0], widths[1], widths[2]);
  }

  /**
   * The notation {@code W-E-A}.
   *
   * @return the widths, such as {@code 4-8-8}
   */
  @Override
  public String toString() {
    return weights + "-" + embeddings + "-" + activations;
  }

  /** By the weights, then the tables, then the activations. */
  @Override
  public int compareTo(BitWidths other) {
    return ORDER.compare(this, other);
  }

  private static void checkWidth(String what, int bits) {
    boolean quantized = bits >= QuantizationGrid.MIN_BITS && bits <= QuantizationGrid.MAX_BITS;
    if (!quantized && bits != FLOAT_BITS) {
      throw new IllegalArgumentException(
          "Bits of " + what + ": expected 2 to 8, or 32 for float, found " + bits);
    }
  }
}
