package io.squat.ops;

import java.util.Objects;

/**
 * The signed integers that a quantized tensor may hold; a value is an integer times the step size.
 *
 * @param bits width of an integer, 2 to 8
 * @param levels which integers of that width are used
 */
public record QuantizationGrid(int bits, Levels levels) {
  /** The smallest width in bits. */
  public static final int MIN_BITS = 2;

  /** The largest width in bits. */
  public static final int MAX_BITS = 8;

  /**
   * Checks the width.
   *
   * @throws IllegalArgumentException if {@code bits} is not 2 to 8
   */
  public QuantizationGrid {
    Objects.requireNonNull(levels, "levels");
    if (bits < MIN_BITS || bits > MAX_BITS) {
      throw new IllegalArgumentException(
          "Quantization grid: expected "
              + MIN_BITS
              + " to "
              + MAX_BITS
              + " bits, found "
              + bits
              + "; leave a tensor unquantized for more");
    }
  }

  /**
   * The grid that weights of this width have by default.
   *
   * @param bits width of an integer, 2 to 8
   * @return symmetric at 2 bits (ternary, as in TernaryBERT), else full
   * @throws IllegalArgumentException if {@code bits} is not 2 to 8
   */
  public static QuantizationGrid of(int bits) {
    return new QuantizationGrid(bits, bits == MIN_BITS ? Levels.SYMMETRIC : Levels.FULL);
  }

  /**
   * The lowest integer of the grid.
   *
   * @return -Qn in the notation of LSQ, negative
   */
  public int qMin() {
    return levels.qMin(bits);
  }

  /**
   * The highest integer of the grid.
   *
   * @return Qp in the notation of LSQ, 2^(b-1)-1
   */
  public int qMax() {
    return (1 << (bits - 1)) - 1;
  }
}
