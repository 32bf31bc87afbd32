package io.squat.ops;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Signed integers of 2 to 8 bits in 32-bit words, and the graph operations that unpack them.
 *
 * <pre>
 * width   planes of a row                       values that fill whole words
 *   2     2 bits                                16
 *   3     2 low bits, then the high bit         32
 *   4     4 bits                                 8
 *   5..8  8 bits (stored as plain bytes)         4
 * </pre>
 *
 * <p>A row of n values is filled up with zeros to N, the next multiple in the last column. A plane
 * of w bits holds 8/w fields in each of its {@code N * w / 8} bytes: value i is in field {@code i /
 * (N * w / 8)} of byte {@code i mod (N * w / 8)}, byte 0 being the lowest of word 0. So two shifts
 * of all bytes yield a quarter or half of the row at once, in order.
 *
 * <p>Unpacking shifts a field to the top of its byte and back down, which copies its sign.
 */
public final class BitPacking {
  private static final int WORD_BITS = 32;
  private static final int BYTE_BITS = 8;
  private static final int WORD_BYTES = WORD_BITS / BYTE_BITS;

  private BitPacking() {}

  /**
   * Packs values as one row.
   *
   * @param values integers of the given width
   * @param bits width, 2 to 8
   * @return words, {@code wordsPerRow(values.length, bits)} of them
   * @throws IllegalArgumentException if a value does not fit the width or there are no values
   */
  public static int[] pack(byte[] values, int bits) {
    return packRows(values, values.length, bits);
  }

  /**
   * Packs every row of a table by itself, so that rows can be gathered before they are unpacked.
   *
   * @param values integers of the given width, [rows, columns], row by row
   * @param columns values in a row
   * @param bits width, 2 to 8
   * @return words, [rows, wordsPerRow(columns, bits)], row by row
   * @throws IllegalArgumentException if a value does not fit the width or the columns do not divide
   *     the values
   */
  public static int[] packRows(byte[] values, int columns, int bits) {
    int rowWords = wordsPerRow(columns, bits);
    if (values.length % columns != 0) {
      throw new IllegalArgumentException(
          "Packing: expected rows of " + columns + " values, found " + values.length + " values");
    }
    checkRange(values, bits);
    int rows = values.length / columns;
    int padded = padded(columns, bits);
    int[] words = new int[Math.multiplyExact(rows, rowWords)];
    for (int row = 0; row < rows; row++) {
      int firstWord = row * rowWords;
      int lowBit = 0;
      for (int width : planes(bits)) {
        int mask = (1 << width) - 1;
        int planeBytes = planeWords(padded, width) * WORD_BYTES;
        for (int i = 0; i < columns; i++) {
          int position = i % planeBytes;
          int shift = position % WORD_BYTES * BYTE_BITS + i / planeBytes * width;
          int field = (values[row * columns + i] >> lowBit) & mask;
          words[firstWord + position / WORD_BYTES] |= field << shift;
        }
        firstWord += planeBytes / WORD_BYTES;
        lowBit += width;
      }
    }
    return words;
  }

  /**
   * Words that a packed row takes.
   *
   * @param columns values in a row, positive
   * @param bits width, 2 to 8
   * @return number of 32-bit words
   * @throws IllegalArgumentException if there are no columns or the width is not 2 to 8
   */
  public static int wordsPerRow(int columns, int bits) {
    if (columns <= 0) {
      throw new IllegalArgumentException(
          "Packing: expected at least one value in a row, found " + columns);
    }
    int padded = padded(columns, bits);
    int words = 0;
    for (int width : planes(bits)) {
      words += planeWords(padded, width);
    }
    return words;
  }

  /**
   * Unpacks one row to a tensor.
   *
   * @param tf where the operations are added
   * @param words int32 [1, W], what {@link #pack} made
   * @param bits width, 2 to 8
   * @param shape of the result; its product is the number of values packed
   * @return int8 of that shape
   * @throws IllegalArgumentException if the width is not 2 to 8 or the shape is empty
   */
  public static Operand<? extends TType> unpack(
      Ops tf, Operand<TInt32> words, int bits, long... shape) {
    long count = 1;
    for (long size : shape) {
      count = Math.multiplyExact(count, size);
    }
    int columns = Math.toIntExact(count);
    return unpackBytes(tf, words, bits, columns, shape);
  }

  /**
   * Gathers rows of a packed table and unpacks only those.
   *
   * @param tf where the operations are added
   * @param table int32 [rows, W], what {@link #packRows} made
   * @param indices int32 of any shape, rows of the table
   * @param bits width, 2 to 8
   * @param columns values in a row
   * @return float32 [shape of the indices, columns], the integers
   * @throws IllegalArgumentException if the width is not 2 to 8 or there are no columns
   */
  public static Operand<TFloat32> gatherRows(
      Ops tf, Operand<TInt32> table, Operand<TInt32> indices, int bits, int columns) {
    int rowWords = wordsPerRow(columns, bits);
    Operand<TInt32> flatIndices = tf.reshape(indices, tf.array(-1));
    Operand<TInt32> rows =
        tf.reshape(tf.gather(table, flatIndices, tf.constant(0)), tf.array(-1, rowWords));
    Operand<? extends TType> bytes = unpackBytes(tf, rows, bits, columns, -1, columns);
    Operand<TInt32> shape =
        tf.concat(List.of(tf.shape(indices), tf.array(columns)), tf.constant(0));
    return tf.reshape(tf.dtypes.cast(bytes, TFloat32.class), shape);
  }

  /** int32 [R, W] to int8 of the shape, which has R * columns values. */
  private static Operand<? extends TType> unpackBytes(
      Ops tf, Operand<TInt32> words, int bits, int columns, long... shape) {
    int padded = padded(columns, bits);
    Operand<? extends TType> values = fields(tf, words, bits, padded);
    if (padded > columns) {
      values =
          tf.slice(tf.reshape(values, tf.array(-1, padded)), tf.array(0, 0), tf.array(-1, columns));
    }
    return tf.reshape(values, tf.constant(shape));
  }

  /** int32 [R, W] to int8 [R, N / 4, 4], of N values a row. */
  private static Operand<? extends TType> fields(
      Ops tf, Operand<TInt32> words, int bits, int padded) {
    int[] planes = planes(bits);
    if (planes.length == 1) {
      return fields(tf, words, planes[0]);
    }
    // The high plane has the sign: it says 0 or -4, to which the low one adds 0 to 3.
    int lowWords = planeWords(padded, planes[0]);
    Operand<TInt32> low = tf.slice(words, tf.array(0, 0), tf.array(-1, lowWords));
    Operand<TInt32> high =
        tf.slice(words, tf.array(0, lowWords), tf.array(-1, planeWords(padded, planes[1])));
    Operand<? extends TType> lowBits =
        binary(tf, "BitwiseAnd", fields(tf, low, planes[0]), int8(tf, (1 << planes[0]) - 1));
    Operand<? extends TType> highBits =
        binary(tf, "LeftShift", fields(tf, high, planes[1]), int8(tf, planes[0]));
    return binary(tf, "BitwiseOr", lowBits, highBits);
  }

  /**
   * The fields of a plane with their sign, one a byte: int32 [R, W] to int8 [R, W * 8 / width, 4].
   */
  private static Operand<? extends TType> fields(Ops tf, Operand<TInt32> plane, int width) {
    Operand<? extends TType> bytes = bitcast(tf, plane, DataType.DT_INT8); // [R, W, 4]
    if (width == BYTE_BITS) {
      return bytes;
    }
    Operand<? extends TType> down = int8(tf, BYTE_BITS - width);
    List<Operand<? extends TType>> fields = new ArrayList<>();
    for (int up = BYTE_BITS - width; up >= 0; up -= width) {
      Operand<? extends TType> atTop =
          up == 0 ? bytes : binary(tf, "LeftShift", bytes, int8(tf, up));
      fields.add(binary(tf, "RightShift", atTop, down)); // copies the sign
    }
    return concat(tf, fields);
  }

  // TensorFlow Java has no class for int8, so its own methods cannot name these.

  private static Operand<? extends TType> binary(
      Ops tf, String op, Operand<? extends TType> a, Operand<? extends TType> b) {
    return tf.scope()
        .opBuilder(op, op)
        .addInput(a.asOutput())
        .addInput(b.asOutput())
        .build()
        .output(0);
  }

  private static Operand<? extends TType> concat(Ops tf, List<Operand<? extends TType>> parts) {
    return tf.scope()
        .opBuilder("ConcatV2", "Concat")
        .addInputList(parts.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
        .addInput(tf.constant(1).asOutput())
        .build()
        .output(0);
  }

  private static Operand<? extends TType> int8(Ops tf, int value) {
    return bitcast(tf, tf.constant((byte) value), DataType.DT_INT8);
  }

  /**
   * The same bits as another type. TensorFlow Java has no class for int8 and qint8, so that its own
   * bitcast cannot name them.
   *
   * @param tf where the operation is added
   * @param bits of any type
   * @param type of the result
   */
  public static Operand<? extends TType> bitcast(Ops tf, Operand<?> bits, DataType type) {
    return tf.scope()
        .opBuilder("Bitcast", "Bitcast")
        .addInput(bits.asOutput())
        .setAttr("type", type)
        .build()
        .output(0);
  }

  private static int[] planes(int bits) {
    return switch (bits) {
      case 2 -> new int[] {2};
      case 3 -> new int[] {2, 1};
      case 4 -> new int[] {4};
      case 5, 6, 7, 8 -> new int[] {BYTE_BITS};
      default -> throw new IllegalArgumentException("Packing: expected 2 to 8 bits, found " + bits);
    };
  }

  private static int planeWords(int padded, int width) {
    return padded / (WORD_BITS / width);
  }

  /** The next number of values that fills whole words of every plane. */
  private static int padded(int columns, int bits) {
    int unit = 0;
    for (int width : planes(bits)) {
      unit = Math.max(unit, WORD_BITS / width);
    }
    return Math.addExact(columns, unit - 1) / unit * unit;
  }

  static void checkRange(byte[] values, int bits) {
    QuantizationGrid grid = new QuantizationGrid(bits, Levels.FULL);
    for (int i = 0; i < values.length; i++) {
      if (values[i] < grid.qMin() || values[i] > grid.qMax()) {
        throw new IllegalArgumentException(
            "Packing: expected integers of "
                + bits
                + " bits, "
                + grid.qMin()
                + " to "
                + grid.qMax()
                + ", found "
                + values[i]
                + " at index "
                + i);
      }
    }
  }
}
