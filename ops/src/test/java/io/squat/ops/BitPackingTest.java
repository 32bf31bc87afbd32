package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

class BitPackingTest {
  private static final int[] SIZES = {1, 3, 4, 15, 16, 31, 32, 33, 160, 481};

  static byte[] randomIntegers(int count, int bits, long seed) {
    Random random = new Random(seed);
    byte[] values = new byte[count];
    for (int i = 0; i < count; i++) {
      values[i] = (byte) (random.nextInt(1 << bits) - (1 << (bits - 1)));
    }
    return values;
  }

  @Test
  void wordsAreLaidOutAsDocumented() {
    // One word: value i in the low nibble of byte i, value 4 + i in its high nibble.
    byte[] four = {0, 1, 2, 3, -1, -2, -3, -4};
    assertArrayEquals(new int[] {0xC3D2E1F0}, BitPacking.pack(four, 4));
    // One word: value i in bits 2 * (i / 4) and up of byte i mod 4.
    byte[] two = {0, 1, -2, -1, 1, 1, 1, 1, -1, -1, -1, -1, -2, -2, -2, 0};
    assertArrayEquals(new int[] {0x37B6B5B4}, BitPacking.pack(two, 2));
    // Two words of low bits, 8 bytes in all, and one of high bits, 4 bytes.
    byte[] three = {-4, -3, 2, 3, -1};
    assertArrayEquals(
        new int[] {0x03020100, 0x00000003, 0x00000101 | 1 << 1}, BitPacking.pack(three, 3));
    assertArrayEquals(new int[] {0x7F80FF01, 5}, BitPacking.pack(bytes(1, -1, -128, 127, 5), 8));
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({"160,2,10", "160,3,15", "160,4,20", "160,5,40", "160,8,40", "1,3,3", "33,4,5"})
  void wordsHoldNoMoreThanTheWidthAndItsPadding(int columns, int bits, int words) {
    assertEquals(words, BitPacking.wordsPerRow(columns, bits));
    assertEquals(words, BitPacking.pack(randomIntegers(columns, bits, 5), bits).length);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void unpackingGivesTheIntegersBack(int bits) {
    for (int size : SIZES) {
      byte[] values = randomIntegers(size, bits, 31L * bits + size);
      try (Graph graph = new Graph();
          Session session = new Session(graph)) {
        Ops tf = Ops.create(graph);
        Operand<? extends TType> unpacked =
            BitPacking.unpack(
                tf, tf.constant(new int[][] {BitPacking.pack(values, bits)}), bits, 1, size);
        try (TUint8 result =
            (TUint8) session.runner().fetch(tf.bitcast(unpacked, TUint8.class)).run().get(0)) {
          assertEquals(Shape.of(1, size), result.shape());
          for (int i = 0; i < size; i++) {
            assertEquals(values[i], result.getByte(0, i), "value " + i + " of " + size);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void gatheredRowsAreTheTablesRows(int bits) {
    int rows = 11;
    int[][] indices = {{10, 0, 3}, {3, 7, 0}};
    for (int columns : SIZES) {
      byte[] values = randomIntegers(rows * columns, bits, 7L * bits + columns);
      try (Graph graph = new Graph();
          Session session = new Session(graph)) {
        Ops tf = Ops.create(graph);
        Operand<TInt32> table =
            tf.reshape(
                tf.constant(BitPacking.packRows(values, columns, bits)),
                tf.array(rows, BitPacking.wordsPerRow(columns, bits)));
        Operand<TFloat32> gathered =
            BitPacking.gatherRows(tf, table, tf.constant(indices), bits, columns);
        try (TFloat32 result = (TFloat32) session.runner().fetch(gathered).run().get(0)) {
          assertEquals(Shape.of(2, 3, columns), result.shape());
          for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 3; j++) {
              for (int k = 0; k < columns; k++) {
                assertEquals(
                    values[indices[i][j] * columns + k], result.getFloat(i, j, k), "column " + k);
              }
            }
          }
        }
      }
    }
  }

  @Test
  void badInputIsNamed() {
    assertMessage(
        "Packing: expected integers of 3 bits, -4 to 3, found 4 at index 1",
        () -> BitPacking.pack(new byte[] {0, 4}, 3));
    assertMessage(
        "Packing: expected at least one value in a row, found 0",
        () -> BitPacking.pack(new byte[0], 4));
    assertMessage(
        "Packing: expected rows of 4 values, found 6 values",
        () -> BitPacking.packRows(new byte[6], 4, 4));
    assertMessage("Packing: expected 2 to 8 bits, found 9", () -> BitPacking.pack(new byte[3], 9));
  }

  private static void assertMessage(String message, Runnable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
  }
}
