package io.squat.savedmodels;

import com.google.common.primitives.Floats;
import com.google.protobuf.ByteString;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** The few nodes that passes write themselves; larger pieces are built as a {@link Fragment}. */
final class Nodes {
  private Nodes() {}

  static NodeDef placeholder(String name, DataType type, long... shape) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Placeholder")
        .putAttr("dtype", type(type))
        .putAttr("shape", shape(shape))
        .build();
  }

  static NodeDef variable(String name, DataType type, List<Long> shape) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("VariableV2")
        .putAttr("dtype", type(type))
        .putAttr("shape", shape(shape.stream().mapToLong(Long::longValue).toArray()))
        .putAttr("container", text(""))
        .putAttr("shared_name", text(""))
        .build();
  }

  static NodeDef identity(String name, String input, DataType type) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Identity")
        .addInput(input)
        .putAttr("T", type(type))
        .build();
  }

  static NodeDef ensureShape(String name, String input, DataType type, long... shape) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("EnsureShape")
        .addInput(input)
        .putAttr("T", type(type))
        .putAttr("shape", shape(shape))
        .build();
  }

  static NodeDef cast(String name, String input, DataType from, DataType to) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Cast")
        .addInput(input)
        .putAttr("SrcT", type(from))
        .putAttr("DstT", type(to))
        .putAttr("Truncate", flag(false))
        .build();
  }

  static NodeDef scalar(String name, int value) {
    return ints(name, shape().getShape(), value);
  }

  static NodeDef vector(String name, int... values) {
    return ints(name, shape(values.length).getShape(), values);
  }

  private static NodeDef ints(String name, TensorShapeProto shape, int... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setDtype(DataType.DT_INT32).setTensorShape(shape);
    for (int value : values) {
      tensor.addIntVal(value);
    }
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Const")
        .putAttr("dtype", type(DataType.DT_INT32))
        .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build())
        .build();
  }

  static NodeDef strings(String name, List<String> values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setDtype(DataType.DT_STRING)
            .setTensorShape(shape(values.size()).getShape());
    values.forEach(value -> tensor.addStringVal(ByteString.copyFromUtf8(value)));
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Const")
        .putAttr("dtype", type(DataType.DT_STRING))
        .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build())
        .build();
  }

  static NodeDef reshape(String name, String input, String shape) {
    return floats(name, "Reshape", input, shape).putAttr("Tshape", type(DataType.DT_INT32)).build();
  }

  static NodeDef transpose(String name, String input, String permutation) {
    return floats(name, "Transpose", input, permutation)
        .putAttr("Tperm", type(DataType.DT_INT32))
        .build();
  }

  static NodeDef matMul(String name, String rows, String matrix) {
    return floats(name, "MatMul", rows, matrix)
        .putAttr("transpose_a", flag(false))
        .putAttr("transpose_b", flag(false))
        .build();
  }

  static NodeDef batchMatMul(String name, String x, String y, boolean adjointY) {
    return floats(name, "BatchMatMulV2", x, y)
        .putAttr("adj_x", flag(false))
        .putAttr("adj_y", flag(adjointY))
        .build();
  }

  static NodeDef biasAdd(String name, String value, String bias) {
    return floats(name, "BiasAdd", value, bias).putAttr("data_format", text("NHWC")).build();
  }

  /** An operation on float32 with two inputs. */
  private static NodeDef.Builder floats(String name, String op, String first, String second) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp(op)
        .addInput(first)
        .addInput(second)
        .putAttr("T", type(DataType.DT_FLOAT));
  }

  static AttrValue type(DataType type) {
    return AttrValue.newBuilder().setType(type).build();
  }

  static AttrValue flag(boolean value) {
    return AttrValue.newBuilder().setB(value).build();
  }

  static AttrValue text(String value) {
    return AttrValue.newBuilder().setS(ByteString.copyFromUtf8(value)).build();
  }

  static AttrValue shape(long... dimensions) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dimension : dimensions) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
    }
    return AttrValue.newBuilder().setShape(shape).build();
  }

  /** The value of a float32 constant without axes; empty for any other node. */
  static Optional<Float> scalarValue(NodeDef node) {
    return values(node, 0).map(values -> values.get(0));
  }

  /** The values of a float32 constant with one axis; empty for any other node. */
  static Optional<List<Float>> vectorValues(NodeDef node) {
    return values(node, 1);
  }

  private static Optional<List<Float>> values(NodeDef node, int rank) {
    if (!node.getOp().equals("Const")) {
      return Optional.empty();
    }
    TensorProto value = node.getAttrOrThrow("value").getTensor();
    if (value.getDtype() != DataType.DT_FLOAT || value.getTensorShape().getDimCount() != rank) {
      return Optional.empty();
    }
    int size = rank == 0 ? 1 : Math.toIntExact(value.getTensorShape().getDim(0).getSize());
    int written = value.getFloatValCount();
    if (written > 0 && written <= size) { // the last one stands for all that follow
      List<Float> all = new ArrayList<>(value.getFloatValList());
      all.addAll(Collections.nCopies(size - written, value.getFloatVal(written - 1)));
      return Optional.of(all);
    }
    return Optional.of(value.getTensorContent())
        .filter(content -> content.size() == size * Float.BYTES)
        .map(
            content -> {
              float[] values = new float[size];
              content
                  .asReadOnlyByteBuffer()
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .asFloatBuffer()
                  .get(values);
              return Floats.asList(values);
            });
  }
}
