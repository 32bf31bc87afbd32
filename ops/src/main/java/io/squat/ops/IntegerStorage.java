package io.squat.ops;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * How the integers of quantized weights lie in a constant, and how a graph gets at them.
 *
 * <p>Both forms give the same integers. A kernel is unpacked as a whole, once, when the model is
 * loaded; a table's rows are unpacked after they are gathered.
 */
public enum IntegerStorage {
  /** In their own width, in words of int32: see {@link BitPacking}. */
  PACKED {
    @Override
    public Stored kernel(byte[] values, int bits, long... shape) {
      int[] words = BitPacking.pack(values, bits);
      return stored(words, 1, words.length);
    }

    @Override
    public Stored rows(byte[] values, int columns, int bits) {
      int[] words = BitPacking.packRows(values, columns, bits);
      return stored(words, values.length / columns, BitPacking.wordsPerRow(columns, bits));
    }

    @Override
    public Operand<? extends TType> kernel(Ops tf, Operand<?> stored, int bits, long... shape) {
      return BitPacking.unpack(tf, words(stored), bits, shape);
    }

    @Override
    public Operand<TFloat32> gatherRows(
        Ops tf, Operand<?> stored, Operand<TInt32> indices, int bits, int columns) {
      return BitPacking.gatherRows(tf, words(stored), indices, bits, columns);
    }

    private Operand<TInt32> words(Operand<?> stored) {
      return stored.asOutput().expect(TInt32.class);
    }

    private Stored stored(int[] words, long... shape) {
      ByteBuffer content =
          ByteBuffer.allocate(Math.multiplyExact(words.length, Integer.BYTES))
              .order(ByteOrder.LITTLE_ENDIAN);
      content.asIntBuffer().put(words);
      return new Stored(DataType.DT_INT32, longs(shape), content);
    }
  },

  /** One a byte whatever their width: int8 [in, out] and [rows, columns]. */
  BYTES {
    @Override
    public Stored kernel(byte[] values, int bits, long... shape) {
      return new Stored(DataType.DT_INT8, longs(shape), checked(values, bits));
    }

    @Override
    public Stored rows(byte[] values, int columns, int bits) {
      return new Stored(
          DataType.DT_INT8,
          List.of((long) values.length / columns, (long) columns),
          checked(values, bits));
    }

    @Override
    public Operand<? extends TType> kernel(Ops tf, Operand<?> stored, int bits, long... shape) {
      return stored.asOutput();
    }

    @Override
    public Operand<TFloat32> gatherRows(
        Ops tf, Operand<?> stored, Operand<TInt32> indices, int bits, int columns) {
      return tf.dtypes.cast(tf.gather(stored.asOutput(), indices, tf.constant(0)), TFloat32.class);
    }

    private ByteBuffer checked(byte[] values, int bits) {
      BitPacking.checkRange(values, bits);
      return ByteBuffer.wrap(values.clone());
    }
  };

  /**
   * A constant.
   *
   * @param type its element type
   * @param shape its shape
   * @param content its elements, little-endian
   */
  public record Stored(DataType type, List<Long> shape, ByteBuffer content) {}

  /**
   * What is stored of a linear layer's kernel.
   *
   * @param values integers of the given width, row by row
   * @param bits width, 2 to 8
   * @param shape of the kernel, [in, out]
   * @throws IllegalArgumentException if a value does not fit the width
   */
  public abstract Stored kernel(byte[] values, int bits, long... shape);

  /**
   * What is stored of a table.
   *
   * @param values integers of the given width, [rows, columns], row by row
   * @param columns values in a row
   * @param bits width, 2 to 8
   * @throws IllegalArgumentException if a value does not fit the width
   */
  public abstract Stored rows(byte[] values, int columns, int bits);

  /**
   * A kernel's integers.
   *
   * @param tf where the operations are added
   * @param stored the constant of {@link #kernel(byte[], int, long...)}
   * @param bits width, 2 to 8
   * @param shape of the kernel, [in, out]
   * @return int8 of that shape
   */
  public abstract Operand<? extends TType> kernel(
      Ops tf, Operand<?> stored, int bits, long... shape);

  /**
   * Rows of a table.
   *
   * @param tf where the operations are added
   * @param stored the constant of {@link #rows}, or some of its rows
   * @param indices of any shape, rows of it
   * @param bits width, 2 to 8
   * @param columns values in a row
   * @return float32 [shape of the indices, columns], the integers
   */
  public abstract Operand<TFloat32> gatherRows(
      Ops tf, Operand<?> stored, Operand<TInt32> indices, int bits, int columns);

  private static List<Long> longs(long... values) {
    return Arrays.stream(values).boxed().toList();
  }
}
