package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.TextFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/** TensorFlow runs the functions itself; without them the graph has to give the same. */
class FunctionInlinerTest {
  /**
   * {@code halves(x)} gives the halves of a vector, the second first; {@code twice(x)} calls it on
   * x and on its own first half, and subtracts; {@code named(x)} is called by its name.
   */
  private static final String LIBRARY =
      """
      library {
        function {
          signature {
            name: "halves"
            input_arg { name: "x" type: DT_FLOAT }
            output_arg { name: "second" type: DT_FLOAT }
            output_arg { name: "first" type: DT_FLOAT }
          }
          node_def { name: "axis" op: "Const"
            attr { key: "dtype" value { type: DT_INT32 } }
            attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } }
          node_def { name: "parts" op: "Split" input: "axis:output:0" input: "x"
            attr { key: "num_split" value { i: 2 } } attr { key: "T" value { type: DT_FLOAT } } }
          ret { key: "second" value: "parts:output:1" }
          ret { key: "first" value: "parts:output:0" }
        }
        function {
          signature {
            name: "twice"
            input_arg { name: "x" type: DT_FLOAT }
            output_arg { name: "difference" type: DT_FLOAT }
            output_arg { name: "same" type: DT_FLOAT }
            control_output: "check"
          }
          node_def { name: "check" op: "Assert" input: "fine:output:0" input: "x"
            attr { key: "T" value { list { type: DT_FLOAT } } } }
          node_def { name: "difference" op: "Sub" input: "b:output:0" input: "b:output:1"
            attr { key: "T" value { type: DT_FLOAT } } }
          node_def { name: "b" op: "PartitionedCall" input: "a:output:1"
            attr { key: "f" value { func { name: "halves" } } }
            attr { key: "Tin" value { list { type: DT_FLOAT } } }
            attr { key: "Tout" value { list { type: DT_FLOAT type: DT_FLOAT } } } }
          node_def { name: "a" op: "StatefulPartitionedCall" input: "x" input: "^check"
            attr { key: "f" value { func { name: "halves" } } }
            attr { key: "Tin" value { list { type: DT_FLOAT } } }
            attr { key: "Tout" value { list { type: DT_FLOAT type: DT_FLOAT } } } }
          node_def { name: "fine" op: "Const"
            attr { key: "dtype" value { type: DT_BOOL } }
            attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape {} bool_val: true } } } }
          ret { key: "difference" value: "difference:z:0" }
          ret { key: "same" value: "x" }
          control_ret { key: "check" value: "check" }
        }
        function {
          signature {
            name: "named"
            input_arg { name: "x" type: DT_FLOAT }
            output_arg { name: "y" type: DT_FLOAT }
          }
          node_def { name: "y" op: "Mul" input: "x" input: "x"
            attr { key: "T" value { type: DT_FLOAT } } }
          ret { key: "y" value: "y:z:0" }
        }
      }
      """;

  private static final String NODES =
      """
      node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
      node { name: "call" op: "StatefulPartitionedCall" input: "x"
        attr { key: "f" value { func { name: "twice" } } }
        attr { key: "Tin" value { list { type: DT_FLOAT } } }
        attr { key: "Tout" value { list { type: DT_FLOAT type: DT_FLOAT } } } }
      node { name: "square" op: "named" input: "call:1" }
      node { name: "again" op: "PartitionedCall" input: "square"
        attr { key: "f" value { func { name: "twice" } } }
        attr { key: "Tin" value { list { type: DT_FLOAT } } }
        attr { key: "Tout" value { list { type: DT_FLOAT type: DT_FLOAT } } } }
      node { name: "sum" op: "AddV2" input: "call" input: "again"
        attr { key: "T" value { type: DT_FLOAT } } }
      node { name: "unused" op: "PartitionedCall" input: "x"
        attr { key: "f" value { func { name: "lost" } } } }
      """;

  private static GraphDef graph(String text) {
    GraphDef.Builder graph = GraphDef.newBuilder();
    try {
      TextFormat.merge(text, graph);
    } catch (TextFormat.ParseException e) {
      throw new IllegalArgumentException(e);
    }
    return graph.build();
  }

  private static float[] run(GraphDef definition, String output) {
    try (Graph graph = new Graph();
        TFloat32 x = TFloat32.vectorOf(1, 2, 3, 5, 8, 13, 21, 34)) {
      graph.importGraphDef(definition);
      try (Session session = new Session(graph)) {
        return requireNonNull(
            TrainedTinyModel.fetch(session, Map.of("x", x), List.of(output)).get(output));
      }
    }
  }

  @Test
  void nestedSharedAndNamedFunctionsGiveWhatTensorFlowGives() {
    GraphDef graph = graph(NODES.substring(0, NODES.indexOf("node { name: \"unused\"")) + LIBRARY);
    FunctionInliner.Flat flat = FunctionInliner.inline(graph, List.of("sum:0"), Set.of("Assert"));
    // x = 1 2 3 5 | ...: (3, 5) - (1, 2); squares 1 4 9 25: (9, 25) - (1, 4)
    float[] expected = {2 + 8, 3 + 21};
    assertArrayEquals(expected, run(graph, "sum"));
    assertArrayEquals(expected, run(flat.graph(), flat.tensor("sum:0")));
    assertEquals(0, flat.graph().getLibrary().getFunctionCount());
    assertEquals("x", flat.tensor("call:1"));
  }

  private static String refused(String graph, String output) {
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class,
                () -> FunctionInliner.inline(graph(graph), List.of(output), Set.of()))
            .getMessage());
  }

  @Test
  void aCallDoesNotNeedItself() {
    String cycle =
        """
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "call" op: "round" input: "x" }
        library { function {
          signature {
            name: "round"
            input_arg { name: "x" type: DT_FLOAT }
            output_arg { name: "y" type: DT_FLOAT }
          }
          node_def { name: "a" op: "id" input: "b:y:0" }
          node_def { name: "b" op: "id" input: "a:y:0" }
          ret { key: "y" value: "a:y:0" }
        } function {
          signature {
            name: "id"
            input_arg { name: "x" type: DT_FLOAT }
            output_arg { name: "y" type: DT_FLOAT }
          }
          ret { key: "y" value: "x" }
        } }
        """;
    assertEquals("node call/a: expected a call that does not need itself", refused(cycle, "call"));
  }

  /** Functions without nodes of their own, of which each calls the one before twice. */
  @Test
  void callsHaveALimit() {
    StringBuilder graph =
        new StringBuilder(
            """
            node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
            node { name: "call" op: "f40" input: "x" }
            library {
            """);
    for (int i = 0; i <= 40; i++) {
      graph.append(
          "function { signature { name: \"f"
              + i
              + "\" input_arg { name: \"x\" type: DT_FLOAT }"
              + " output_arg { name: \"y\" type: DT_FLOAT } }");
      String below = "op: \"f" + (i - 1) + "\"";
      graph.append(
          i == 0
              ? " ret { key: \"y\" value: \"x\" } }"
              : " node_def { name: \"a\" "
                  + below
                  + " input: \"x\" } node_def { name: \"b\" "
                  + below
                  + " input: \"a:y:0\" } ret { key: \"y\" value: \"b:y:0\" } }");
    }
    String message = refused(graph + "}", "call");
    assertTrue(
        message.startsWith("functions: expected at most 100000 calls, 300 deep, found more at"),
        message);
  }

  @Test
  void anOutputThatACallDoesNotHaveIsNamed() {
    GraphDef graph = graph(NODES.substring(0, NODES.indexOf("node { name: \"unused\"")) + LIBRARY);
    FunctionInliner.Flat flat = FunctionInliner.inline(graph, List.of("call"), Set.of());
    assertEquals(
        "expected a tensor call:9, found 2 outputs of that call",
        assertThrows(IllegalArgumentException.class, () -> flat.tensor("call:9")).getMessage());
  }

  @Test
  void whatRunsForItsEffectIsListedForEachCall() {
    FunctionInliner.Flat flat =
        FunctionInliner.inline(graph(NODES + LIBRARY), List.of("sum"), Set.of("Assert"));
    assertEquals(Set.of("call/check", "again/check"), Set.copyOf(flat.effects()));
    for (NodeDef node : flat.graph().getNodeList()) {
      assertTrue(node.getInputList().stream().noneMatch(input -> input.startsWith("^")));
    }
  }

  @Test
  void anAttributeThatTheFileLeavesOutHasItsDefault() {
    GraphDef graph =
        graph(
            """
            node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
            node { name: "product" op: "MatMul" input: "x" input: "x"
              attr { key: "T" value { type: DT_FLOAT } } }
            """);
    NodeDef product =
        FunctionInliner.inline(graph, List.of("product"), Set.of()).graph().getNodeList().stream()
            .filter(node -> node.getOp().equals("MatMul"))
            .findFirst()
            .orElseThrow();
    assertEquals(false, product.getAttrOrThrow("transpose_b").getB());
  }

  private static String message(String nodes, String root) {
    GraphDef graph = graph(nodes);
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class,
                () -> FunctionInliner.inline(graph, List.of(root), Set.of()))
            .getMessage());
  }

  @Test
  void aFunctionThatIsMissingIsNamed() {
    assertTrue(message(NODES + LIBRARY, "unused").contains("lost"));
  }

  @Test
  void aFunctionThatCallsItselfIsRefused() {
    String loop =
        LIBRARY.replace("op: \"Mul\" input: \"x\" input: \"x\"", "op: \"named\" input: \"x\"");
    assertTrue(
        message(NODES + loop.replace("y:z:0", "y:y:0"), "sum").contains("does not call itself"));
  }

  @Test
  void aCallWithTooManyArgumentsIsRefused() {
    String call =
        NODES.replace("op: \"named\" input: \"call:1\"", "op: \"named\" input: \"x\" input: \"x\"");
    assertTrue(message(call + LIBRARY, "sum").contains("expected 1 arguments, found 2"));
  }
}
