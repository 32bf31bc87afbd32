package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What reads a variable reads its value afterwards. */
class CanonicalVariablesTest {
  private static ModelGraph model(Graph graph, DataType type) {
    GraphEditor editor = new GraphEditor(graph.toGraphDef());
    editor.put(Nodes.identity("out", "y", type));
    return new ModelGraph(
            graph.toGraphDef(), List.of(), List.of(), Map.of("y", "out"), "out", null, List.of())
        .with(editor);
  }

  private static float[] run(ModelGraph model) {
    try (Graph graph = new Graph();
        TFloat32 values = TrainedTinyModel.tensor(new float[] {1, 2, 3, 4, 5, 6}, 3, 2)) {
      graph.importGraphDef(model.graph());
      try (Session session = new Session(graph)) {
        return Objects.requireNonNull(
            TrainedTinyModel.fetch(session, Map.of("table/read", values), List.of("out"))
                .get("out"));
      }
    }
  }

  @Test
  void gatherNdTakesElementsOfTheValue() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<?> table = tf.withName("table").varHandleOp(TFloat32.class, Shape.of(3, 2));
      Operand<TInt32> indices = tf.constant(new int[][] {{2, 1}, {0, 0}, {1, 1}});
      tf.withName("y").resourceGatherNd(table, indices, TFloat32.class);
      ModelGraph canonical =
          new CanonicalVariables(Map.of()).apply(model(graph, DataType.DT_FLOAT));
      assertArrayEquals(new float[] {6, 1, 4}, run(canonical));
    }
  }

  @Test
  void aVariablesShapeIsThatOfItsValue() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<?> table = tf.withName("table").varHandleOp(TFloat32.class, Shape.of(3, 2));
      tf.withName("y").dtypes.cast(tf.variableShape(table, TInt32.class), TFloat32.class);
      ModelGraph canonical =
          new CanonicalVariables(Map.of()).apply(model(graph, DataType.DT_FLOAT));
      assertArrayEquals(new float[] {3, 2}, run(canonical));
    }
  }

  @ParameterizedTest
  @CsvSource({"VarHandleOp,VarIsInitializedOp", "VariableV2,IsVariableInitialized"})
  void aQuestionForAValueIsRefusedByName(String kind, String op) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<?> variable =
          kind.equals("VariableV2")
              ? tf.withName("table").variable(Shape.of(3, 2), TFloat32.class)
              : tf.withName("table").varHandleOp(TFloat32.class, Shape.of(3, 2));
      NodeDef.Builder question =
          NodeDef.newBuilder().setName("y").setOp(op).addInput(variable.op().name());
      if (kind.equals("VariableV2")) {
        question.putAttr("dtype", Nodes.type(DataType.DT_FLOAT));
      }
      GraphEditor editor = new GraphEditor(graph.toGraphDef());
      editor.put(question.build());
      editor.put(Nodes.identity("out", "y", DataType.DT_BOOL));
      ModelGraph model =
          new ModelGraph(
                  graph.toGraphDef(),
                  List.of(),
                  List.of(),
                  Map.of("y", "out"),
                  "out",
                  null,
                  List.of())
              .with(editor);
      String message =
          String.valueOf(
              assertThrows(
                      IllegalArgumentException.class,
                      () -> new CanonicalVariables(Map.of()).apply(model))
                  .getMessage());
      assertTrue(message.startsWith("node y: expected operations that read the values"), message);
      assertTrue(message.contains(op), message);
    }
  }
}
