package io.squat.savedmodels;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Several variants of a model in one graph, a signature each.
 *
 * <p>Invariant: what is computed by equal nodes from equal inputs, constants above all, is there
 * once, in however many variants, but for variables, of which each stays one of its own; a node
 * whose name another one has stands under the signature's own scope.
 */
final class ServingGraph {
  /** Which of an operation's kernels runs; a part of the computation. */
  private static final String KERNEL_LABEL = "_kernel";

  private static final String METHOD = "tensorflow/serving/predict";

  private final Map<String, Shape> outputShapes;
  private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
  private final Map<NodeDef, String> byComputation = new HashMap<>();
  private final Map<String, SignatureDef> signatures = new LinkedHashMap<>();
  private final GraphDef.Builder graph = GraphDef.newBuilder();

  /**
   * Starts empty.
   *
   * @param outputShapes the shapes of the outputs by their keys, the same in all variants
   */
  ServingGraph(Map<String, Shape> outputShapes) {
    this.outputShapes = Map.copyOf(outputShapes);
  }

  /**
   * Adds a variant.
   *
   * @param signature the name of its signature
   * @param inputs the inputs of its signature, under their keys
   * @param variant a model without variables; its outputs become the signature's
   */
  void add(String signature, List<ModelInput> inputs, ModelGraph variant) {
    graph.setVersions(variant.graph().getVersions());
    Map<String, String> names = new HashMap<>();
    for (NodeDef node : variant.graph().getNodeList()) {
      NodeDef computation = computation(node, names, variant.outputs().values());
      String name = byComputation.get(computation);
      if (name == null) {
        name = freeName(node.getName(), signature);
        byComputation.put(computation, name);
        nodes.put(name, computation.toBuilder().setName(name).build());
      }
      names.put(node.getName(), name);
    }
    signatures.put(signature, signature(inputs, variant, names));
  }

  ServingModel build() {
    return ServingModel.ofConstants(graph.addAllNode(nodes.values()).build(), signatures);
  }

  /**
   * What a node computes, without its name, which only inputs and outputs have, and without
   * attributes such as {@code _output_shapes}, which describe the graph that was read. Two outputs
   * of one value stay two: TensorFlow Java refuses a signature that has a tensor twice. So do two
   * variables that happen to be equal: who trains the model on would train one in the place of
   * both.
   */
  private static NodeDef computation(
      NodeDef node, Map<String, String> names, Collection<String> outputs) {
    NodeDef.Builder computation = node.toBuilder().clearInput();
    for (String input : node.getInputList()) {
      String producer = GraphEditor.producer(input);
      computation.addInput(input.replace(producer, names.getOrDefault(producer, producer)));
    }
    for (String attribute : node.getAttrMap().keySet()) {
      if (attribute.startsWith("_") && !attribute.equals(KERNEL_LABEL)) {
        computation.removeAttr(attribute);
      }
    }
    return node.getOp().equals("Placeholder")
            || outputs.contains(node.getName())
            || Constants.isOfVariable(node)
        ? computation.build()
        : computation.clearName().build();
  }

  private String freeName(String name, String signature) {
    String free = name;
    while (nodes.containsKey(free)) {
      free = signature + "/" + free;
    }
    return free;
  }

  private SignatureDef signature(
      List<ModelInput> inputs, ModelGraph variant, Map<String, String> names) {
    SignatureDef.Builder signature = SignatureDef.newBuilder().setMethodName(METHOD);
    for (ModelInput input : inputs) {
      signature.putInputs(input.key(), info(names, input.tensor(), "dtype", Shape.of(-1, -1)));
    }
    variant
        .outputs()
        .forEach(
            (key, tensor) ->
                signature.putOutputs(
                    key,
                    info(names, tensor, "T", outputShapes.getOrDefault(key, Shape.unknown()))));
    return signature.build();
  }

  private TensorInfo info(
      Map<String, String> names, String tensor, String typeAttribute, Shape shape) {
    String name = names.getOrDefault(tensor, tensor);
    NodeDef node = nodes.get(name);
    if (node == null) {
      throw new IllegalArgumentException("the graph has no node " + name + " of a signature");
    }
    DataType type = node.getAttrOrThrow(typeAttribute).getType();
    return TensorInfo.newBuilder()
        .setName(name + ":0")
        .setDtype(type)
        .setTensorShape(proto(shape))
        .build();
  }

  private static TensorShapeProto proto(Shape shape) {
    return shape.isUnknown()
        ? TensorShapeProto.newBuilder().setUnknownRank(true).build()
        : Nodes.shape(shape.asArray()).getShape();
  }
}
