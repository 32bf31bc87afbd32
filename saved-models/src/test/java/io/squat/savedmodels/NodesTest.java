package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;

class NodesTest {
  private interface Constant {
    Operand<?> of(Ops tf);
  }

  private static NodeDef node(Constant constant) {
    try (Graph graph = new Graph()) {
      String name = constant.of(Ops.create(graph)).op().name();
      return graph.toGraphDef().getNodeList().stream()
          .filter(node -> node.getName().equals(name))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void assertRead(float... values) {
    assertEquals(
        Optional.of(Floats.asList(values)), Nodes.vectorValues(node(tf -> tf.constant(values))));
  }

  @Test
  void vectorsAreReadHoweverTheyAreWritten() {
    assertRead(0.7f);
    assertRead(0.7f, 0.2f, 0.1f);
    // A TensorProto may leave out values that are equal to the last one that it writes.
    NodeDef.Builder written = node(tf -> tf.constant(new float[] {3, 4, 5, 5, 5})).toBuilder();
    written.putAttr(
        "value",
        AttrValue.newBuilder()
            .setTensor(
                written.getAttrOrThrow("value").getTensor().toBuilder()
                    .clearTensorContent()
                    .addFloatVal(3)
                    .addFloatVal(4)
                    .addFloatVal(5))
            .build());
    assertEquals(Optional.of(List.of(3f, 4f, 5f, 5f, 5f)), Nodes.vectorValues(written.build()));
  }

  @Test
  void scalarsAndVectorsAreToldApart() {
    NodeDef scalar = node(tf -> tf.constant(0.7f));
    assertEquals(Optional.of(0.7f), Nodes.scalarValue(scalar));
    assertTrue(Nodes.vectorValues(scalar).isEmpty());
    NodeDef vector = node(tf -> tf.constant(new float[] {0.7f}));
    assertEquals(Optional.of(List.of(0.7f)), Nodes.vectorValues(vector));
    assertTrue(Nodes.scalarValue(vector).isEmpty());
    assertTrue(Nodes.vectorValues(node(tf -> tf.constant(new int[] {1, 2}))).isEmpty());
    NodeDef matrix = node(tf -> tf.constant(new float[][] {{1, 2}}));
    assertTrue(Nodes.vectorValues(matrix).isEmpty());
  }
}
