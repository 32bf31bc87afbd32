package io.squat.savedmodels;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.NodeDef;

/** The shapes that TensorFlow's own inference gives to the tensors of a graph. */
final class TensorShapes {
  private TensorShapes() {}

  /**
   * The shapes of some tensors, in their order; unknown dimensions are -1.
   *
   * @throws IllegalArgumentException if TensorFlow does not accept the graph
   */
  static List<Shape> of(ModelGraph model, List<String> tensors) {
    try (Graph graph = imported(model)) {
      List<Shape> shapes = new ArrayList<>();
      for (String tensor : tensors) {
        GraphOperation operation = graph.operation(GraphEditor.producer(tensor));
        shapes.add(operation.output(GraphEditor.index(tensor)).shape());
      }
      return shapes;
    }
  }

  /**
   * The shapes of the first output of every node that has outputs, by its tensor.
   *
   * @throws IllegalArgumentException if TensorFlow does not accept the graph
   */
  static Map<String, Shape> all(ModelGraph model) {
    Map<String, Shape> shapes = new HashMap<>();
    try (Graph graph = imported(model)) {
      for (NodeDef node : model.graph().getNodeList()) {
        GraphOperation operation = graph.operation(node.getName());
        if (operation.numOutputs() > 0) {
          shapes.put(node.getName(), operation.output(0).shape());
        }
      }
    }
    return shapes;
  }

  @MustBeClosed
  private static Graph imported(ModelGraph model) {
    Graph graph = new Graph();
    try {
      graph.importGraphDef(model.graph());
      return graph;
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      graph.close();
      throw new IllegalArgumentException(
          "the graph is not one that TensorFlow accepts: " + TensorFlowMessage.of(e), e);
    }
  }

  /**
   * The size of a tensor's last axis.
   *
   * @throws IllegalArgumentException if it is not known before the graph runs
   */
  static long lastDimension(ModelGraph model, String tensor) {
    Shape shape = of(model, List.of(tensor)).get(0);
    long size = shape.numDimensions() < 1 ? Shape.UNKNOWN_SIZE : shape.get(-1);
    if (size == Shape.UNKNOWN_SIZE) {
      throw new IllegalArgumentException(
          "tensor " + tensor + ": expected a known size of its last axis, found shape " + shape);
    }
    return size;
  }
}
