package io.squat.savedmodels;

import java.util.List;
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
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Const")
        .putAttr("dtype", type(DataType.DT_INT32))
        .putAttr(
            "value",
            AttrValue.newBuilder()
                .setTensor(
                    TensorProto.newBuilder()
                        .setDtype(DataType.DT_INT32)
                        .setTensorShape(TensorShapeProto.getDefaultInstance())
                        .addIntVal(value))
                .build())
        .build();
  }

  static NodeDef biasAdd(String name, String value, String bias) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("BiasAdd")
        .addInput(value)
        .addInput(bias)
        .putAttr("T", type(DataType.DT_FLOAT))
        .putAttr("data_format", text("NHWC"))
        .build();
  }

  static AttrValue type(DataType type) {
    return AttrValue.newBuilder().setType(type).build();
  }

  static AttrValue flag(boolean value) {
    return AttrValue.newBuilder().setB(value).build();
  }

  static AttrValue text(String value) {
    return AttrValue.newBuilder().setS(com.google.protobuf.ByteString.copyFromUtf8(value)).build();
  }

  static AttrValue shape(long... dimensions) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dimension : dimensions) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
    }
    return AttrValue.newBuilder().setShape(shape).build();
  }
}
