package io.squat.savedmodels;

import com.google.common.primitives.Ints;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** The values of small integer Consts. */
final class ConstantInts {
  private static final int MAX_SIZE = 1 << 16;

  private ConstantInts() {}

  /**
   * The values of an int32 or int64 Const of at most 65,536; empty for any other node. What int32
   * does not hold is its largest or smallest value.
   */
  static int[] of(NodeDef node) {
    if (!node.getOp().equals("Const")) {
      return new int[0];
    }
    TensorProto tensor = node.getAttrOrThrow("value").getTensor();
    boolean wide = tensor.getDtype() == DataType.DT_INT64;
    if (!wide && tensor.getDtype() != DataType.DT_INT32) {
      return new int[0];
    }
    long elements = 1; // of a constant that was found well-formed
    for (TensorShapeProto.Dim dimension : tensor.getTensorShape().getDimList()) {
      elements *= dimension.getSize();
    }
    if (elements > MAX_SIZE) {
      return new int[0];
    }
    int size = Math.toIntExact(elements);
    int[] values = new int[size];
    if (!tensor.getTensorContent().isEmpty()) {
      ByteBuffer bytes =
          tensor.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < size; i++) {
        values[i] = wide ? Ints.saturatedCast(bytes.getLong()) : bytes.getInt();
      }
      return values;
    }
    // The last value that is given stands for all after it.
    int given = wide ? tensor.getInt64ValCount() : tensor.getIntValCount();
    for (int i = 0; i < given; i++) {
      Arrays.fill(
          values, i, size, wide ? Ints.saturatedCast(tensor.getInt64Val(i)) : tensor.getIntVal(i));
    }
    return values;
  }
}
