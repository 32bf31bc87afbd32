package io.squat.savedmodels;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * What unpacks kernels, as functions of the graph: one a shape instead of a piece of graph a
 * kernel, of which TensorFlow keeps some 10 kB a node.
 *
 * <pre>
 * unpackN(stored) -&gt; kernel
 * </pre>
 */
final class UnpackFunctions {
  private static final String ARGUMENT = "stored";
  private static final String RESULT = "kernel";

  private final GraphEditor graph;
  private final Map<FunctionDef, String> names = new LinkedHashMap<>();

  /**
   * Starts without any.
   *
   * @param graph where kernels are unpacked from constants
   */
  UnpackFunctions(GraphEditor graph) {
    this.graph = graph;
  }

  /**
   * A node that unpacks a kernel.
   *
   * @param name of the node
   * @param unpacked the tensor that has the kernel in the graph; its operations have one output
   *     each
   * @param stored the constant that it is computed from
   * @param restored the tensor that takes the constant's place
   */
  NodeDef call(String name, String unpacked, NodeDef stored, String restored) {
    DataType type = stored.getAttrOrThrow("dtype").getType();
    FunctionDef function = function(unpacked, stored.getName(), type);
    String callee = names.computeIfAbsent(function, any -> "unpack" + names.size());
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("PartitionedCall")
        .addInput(restored)
        .putAttr("Tin", types(type))
        .putAttr("Tout", types(DataType.DT_INT8))
        .putAttr(
            "f", AttrValue.newBuilder().setFunc(NameAttrList.newBuilder().setName(callee)).build())
        .build();
  }

  private static AttrValue types(DataType type) {
    return AttrValue.newBuilder().setList(AttrValue.ListValue.newBuilder().addType(type)).build();
  }

  private FunctionDef function(String unpacked, String stored, DataType type) {
    FunctionDef.Builder function =
        FunctionDef.newBuilder()
            .setSignature(
                OpDef.newBuilder()
                    .addInputArg(OpDef.ArgDef.newBuilder().setName(ARGUMENT).setType(type))
                    .addOutputArg(
                        OpDef.ArgDef.newBuilder().setName(RESULT).setType(DataType.DT_INT8)));
    Map<String, String> tensors = new HashMap<>();
    tensors.put(stored, ARGUMENT);
    return function.putRet(RESULT, add(function, unpacked, tensors)).build();
  }

  /** Adds what makes a tensor, and returns its name in the function. */
  private String add(FunctionDef.Builder function, String tensor, Map<String, String> tensors) {
    NodeDef node = graph.node(tensor);
    String known = tensors.get(node.getName());
    if (known != null) {
      return known;
    }
    NodeDef.Builder local = node.toBuilder().clearInput();
    for (String input : node.getInputList()) {
      local.addInput(add(function, input, tensors));
    }
    String name = "n" + function.getNodeDefCount();
    function.addNodeDef(local.setName(name));
    String output = name + ":" + OpDefs.of(node.getOp()).getOutputArg(0).getName() + ":0";
    tensors.put(node.getName(), output);
    return output;
  }

  /** The functions that were called. */
  FunctionDefLibrary library() {
    FunctionDefLibrary.Builder library = FunctionDefLibrary.newBuilder();
    names.forEach(
        (function, name) ->
            library.addFunction(
                function.toBuilder()
                    .setSignature(function.getSignature().toBuilder().setName(name))));
    return library.build();
  }
}
