package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

class IntegerStorageTest {
  private static final int ROWS = 7;

  static Stream<Arguments> storages() {
    return Stream.of(IntegerStorage.values())
        .flatMap(
            storage -> Stream.of(2, 3, 4, 5, 6, 7, 8).map(bits -> Arguments.of(storage, bits)));
  }

  /** The constant as an exported model holds it. */
  private static Operand<?> constant(Graph graph, IntegerStorage.Stored stored) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    stored.shape().forEach(d -> shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(d)));
    TensorProto tensor =
        TensorProto.newBuilder()
            .setDtype(stored.type())
            .setTensorShape(shape)
            .setTensorContent(ByteString.copyFrom(stored.content()))
            .build();
    NodeDef node =
        NodeDef.newBuilder()
            .setName("stored")
            .setOp("Const")
            .putAttr("dtype", AttrValue.newBuilder().setType(stored.type()).build())
            .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build())
            .build();
    graph.importGraphDef(GraphDef.newBuilder().addNode(node).build());
    return graph.operation("stored").output(0);
  }

  @ParameterizedTest
  @MethodSource("storages")
  void aKernelsIntegersComeBack(IntegerStorage storage, int bits) {
    for (int columns : new int[] {1, 3, 33, 160}) {
      byte[] values = BitPackingTest.randomIntegers(ROWS * columns, bits, 31L * bits + columns);
      try (Graph graph = new Graph();
          Session session = new Session(graph)) {
        Ops tf = Ops.create(graph);
        Operand<?> stored = constant(graph, storage.kernel(values, bits, ROWS, columns));
        Operand<? extends TType> kernel = storage.kernel(tf, stored, bits, ROWS, columns);
        assertEquals(DataType.DT_INT8, kernel.asOutput().dataType());
        try (TUint8 result =
            (TUint8) session.runner().fetch(tf.bitcast(kernel, TUint8.class)).run().get(0)) {
          assertEquals(Shape.of(ROWS, columns), result.shape());
          for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], result.getByte(i / columns, i % columns), "value " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("storages")
  void gatheredRowsAreTheTablesRows(IntegerStorage storage, int bits) {
    int[][] indices = {{6, 0, 3}, {3, 5, 0}};
    for (int columns : new int[] {1, 3, 33, 160}) {
      byte[] values = BitPackingTest.randomIntegers(ROWS * columns, bits, 7L * bits + columns);
      try (Graph graph = new Graph();
          Session session = new Session(graph)) {
        Ops tf = Ops.create(graph);
        Operand<?> stored = constant(graph, storage.rows(values, columns, bits));
        Operand<TFloat32> rows =
            storage.gatherRows(tf, stored, tf.constant(indices), bits, columns);
        try (TFloat32 result = (TFloat32) session.runner().fetch(rows).run().get(0)) {
          assertEquals(Shape.of(2, 3, columns), result.shape());
          for (int i = 0; i < 6; i++) {
            for (int k = 0; k < columns; k++) {
              assertEquals(
                  values[indices[i / 3][i % 3] * columns + k], result.getFloat(i / 3, i % 3, k));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(IntegerStorage.class)
  void integersThatDoNotFitAreNamed(IntegerStorage storage) {
    String message = "Packing: expected integers of 3 bits, -4 to 3, found 4 at index 1";
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> storage.kernel(new byte[] {0, 4}, 3, 1, 2))
            .getMessage());
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> storage.rows(new byte[] {0, 4}, 2, 3))
            .getMessage());
  }
}
