package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

class AllowedOpsTest {
  private static final Path NOWHERE = Path.of("model");

  private static NodeDef node(String name, String op, String... inputs) {
    NodeDef.Builder node = NodeDef.newBuilder().setName(name).setOp(op);
    for (String input : inputs) {
      node.addInput(input);
    }
    return node.build();
  }

  private static SignatureDef signature(String output) {
    return SignatureDef.newBuilder()
        .putOutputs("y", TensorInfo.newBuilder().setName(output).build())
        .build();
  }

  private static String refused(MetaGraphDef graph, SignatureDef signature) {
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class, () -> AllowedOps.checkSignature(graph, signature))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"WriteFile", "ReadFile", "PyFunc", "SaveV2", "RestoreV2", "MyOwnOp"})
  void whatDoesMoreThanComputeIsRefusedWhereverASignatureNeedsIt(String op) {
    GraphDef.Builder graph = GraphDef.newBuilder();
    graph.addNode(node("x", "Placeholder"));
    graph.addNode(node("bad", op, "x"));
    graph.addNode(node("y", "Identity", "x", "^bad"));
    graph.addNode(node("fine", "Identity", "x"));
    graph.addNode(
        node("call", "StatefulPartitionedCall", "x").toBuilder()
            .putAttr(
                "f",
                AttrValue.newBuilder().setFunc(NameAttrList.newBuilder().setName("outer")).build())
            .build());
    graph
        .getLibraryBuilder()
        .addFunction(function("outer", node("c", "inner", "x")))
        .addFunction(function("inner", node("deep", op, "x")));
    MetaGraphDef model = MetaGraphDef.newBuilder().setGraphDef(graph).build();
    String expected =
        ": expected an operation that only computes, found "
            + op
            + ", which is not run; export the model without it";
    assertEquals("node bad" + expected, refused(model, signature("y:0")));
    assertEquals("node deep" + expected, refused(model, signature("call:0")));
    assertDoesNotThrow(() -> AllowedOps.checkSignature(model, signature("fine:0")));
  }

  /** TensorFlow's optimizer may run another function that says that it implements the same. */
  @Test
  void whatCanTakeAFunctionsPlaceIsLookedAt() {
    GraphDef.Builder graph = GraphDef.newBuilder();
    graph.addNode(node("x", "Placeholder")).addNode(node("call", "plain", "x"));
    graph
        .getLibraryBuilder()
        .addFunction(implementing("gelu", function("plain", node("fine", "Identity", "x"))))
        .addFunction(implementing("tanh", function("other", node("unused", "PyFunc", "x"))));
    assertDoesNotThrow(() -> AllowedOps.checkSignature(model(graph), signature("call:0")));
    graph
        .getLibraryBuilder()
        .addFunction(implementing("gelu", function("fast", node("deep", "WriteFile", "x"))));
    assertEquals(
        "node deep: expected an operation that only computes, found WriteFile, which is not run;"
            + " export the model without it",
        refused(model(graph), signature("call:0")));
  }

  private static MetaGraphDef model(GraphDef.Builder graph) {
    return MetaGraphDef.newBuilder().setGraphDef(graph).build();
  }

  private static FunctionDef implementing(String what, FunctionDef function) {
    return function.toBuilder()
        .putAttr(
            "api_implements", AttrValue.newBuilder().setS(ByteString.copyFromUtf8(what)).build())
        .build();
  }

  private static FunctionDef function(String name, NodeDef body) {
    return FunctionDef.newBuilder()
        .setSignature(OpDef.newBuilder().setName(name))
        .addNodeDef(body)
        .build();
  }

  @Test
  void loadingMayReadTheCheckpointAndNoOtherFile() {
    MetaGraphDef.Builder graph = MetaGraphDef.newBuilder();
    graph
        .getGraphDefBuilder()
        .addNode(node("restore", "RestoreV2"))
        .addNode(node("assign", "AssignVariableOp", "v", "restore"))
        .addNode(node("v", "VarHandleOp"))
        .addNode(node("table", "InitializeTableFromTextFileV2"));
    graph.getSaverDefBuilder().setRestoreOpName("assign");
    assertDoesNotThrow(() -> AllowedOps.checkLoading(graph.build()));
    graph.putSignatureDef("__saved_model_init_op", signature("table"));
    assertEquals(
        "node table: expected an operation that only computes, found"
            + " InitializeTableFromTextFileV2, which is not run; export the model without it",
        assertThrows(IllegalArgumentException.class, () -> AllowedOps.checkLoading(graph.build()))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"saved_model_main_op", "legacy_init_op"})
  void whatCollectionsRunAtLoadingIsLookedAt(String key) {
    MetaGraphDef.Builder graph = MetaGraphDef.newBuilder();
    graph.getGraphDefBuilder().addNode(node("bad", "WriteFile"));
    assertDoesNotThrow(() -> AllowedOps.checkLoading(graph.build()));
    graph.putCollectionDef(
        key,
        CollectionDef.newBuilder()
            .setNodeList(CollectionDef.NodeList.newBuilder().addValue("bad"))
            .build());
    assertThrows(IllegalArgumentException.class, () -> AllowedOps.checkLoading(graph.build()), key);
  }

  @Test
  void whatRestoringNeedsIsLookedAt() {
    MetaGraphDef.Builder graph = MetaGraphDef.newBuilder();
    graph
        .getGraphDefBuilder()
        .addNode(node("bad", "WriteFile"))
        .addNode(node("restore_all", "NoOp", "^bad"));
    assertDoesNotThrow(() -> AllowedOps.checkLoading(graph.build()));
    graph.getSaverDefBuilder().setRestoreOpName("restore_all");
    assertEquals(
        "node bad: expected an operation that only computes, found WriteFile, which is not run;"
            + " export the model without it",
        assertThrows(IllegalArgumentException.class, () -> AllowedOps.checkLoading(graph.build()))
            .getMessage());
  }

  @ParameterizedTest
  @EnumSource
  void bertsAreAllowed(TinyModel tiny) {
    MetaGraphDef graph =
        SavedModelReader.metaGraph(
            NOWHERE, SavedModelFiles.parse(tiny.path()), SavedModelReader.Choice.DEFAULT);
    graph.getSignatureDefMap().values().stream()
        .filter(signature -> signature.getInputsCount() > 0)
        .forEach(signature -> AllowedOps.checkSignature(graph, signature));
    AllowedOps.checkLoading(graph);
  }
}
