package io.squat.ops;

/** Which integers of a signed width a quantized tensor uses. */
public enum Levels {
  /** All 2^b integers: {@code -2^(b-1) .. 2^(b-1)-1}. */
  FULL {
    @Override
    int qMin(int bits) {
      return -(1 << (bits - 1));
    }
  },
  /** All but the lowest one: {@code -(2^(b-1)-1) .. 2^(b-1)-1}; at 2 bits this is ternary. */
  SYMMETRIC {
    @Override
    int qMin(int bits) {
      return 1 - (1 << (bits - 1));
    }
  };

  /**
   * The lowest integer.
   *
   * @param bits width, at least 2
   * @return the lowest integer, negative
   */
  abstract int qMin(int bits);
}
