package io.squat.savedmodels;

import com.google.common.collect.ImmutableSet;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.proto.NodeDef;

/**
 * The classifier that a model was saved with: a linear layer whose output, as it is, is the one
 * output of a row. What an encoder calls its pooled output is none, even where no activation
 * follows its layer.
 */
final class OwnHead {
  /** What makes probabilities of logits, which are trained on. */
  private static final ImmutableSet<String> PROBABILITIES =
      ImmutableSet.of("Softmax", "LogSoftmax", "Sigmoid");

  private OwnHead() {}

  /** The layer of the classifier; empty if the model has none. */
  static Optional<LinearLayer> of(ModelGraph model) {
    if (isEncoder(model)) {
      return Optional.empty();
    }
    GraphEditor graph = model.edit();
    String output = logits(graph, model.pooledOutput()); // a score is [B]
    NodeDef last = graph.node(output);
    if (!last.getOp().equals("BiasAdd")) {
      return Optional.empty();
    }
    NodeDef product = graph.node(GraphEditor.input(last, 0));
    Optional<ModelVariable> bias = variable(model, GraphEditor.input(last, 1));
    Optional<ModelVariable> weight =
        product.getOp().equals("MatMul")
            ? variable(model, GraphEditor.input(product, 1))
            : Optional.empty();
    return bias.isPresent() && weight.isPresent()
        ? Optional.of(
            new LinearLayer(
                product.getName(),
                GraphEditor.input(product, 0),
                weight.get().name(),
                bias.get().name(),
                output))
        : Optional.empty();
  }

  /**
   * Whether an output is what a trained matrix gives, as it is or plus a bias: that of an encoder
   * ends in a layer norm.
   */
  static boolean isScores(ModelGraph model, String output) {
    GraphEditor graph = model.edit();
    NodeDef last = graph.node(logits(graph, output));
    if (last.getOp().equals("BiasAdd") || last.getOp().startsWith("Add")) {
      boolean second = variable(model, GraphEditor.input(last, 1)).isPresent();
      if (!second && variable(model, GraphEditor.input(last, 0)).isEmpty()) {
        return false;
      }
      last = graph.node(logits(graph, GraphEditor.input(last, second ? 0 : 1)));
    }
    return last.getOp().equals("MatMul") && variable(model, GraphEditor.input(last, 1)).isPresent();
  }

  /** What a tensor has the values of, or the probabilities. */
  private static String logits(GraphEditor graph, String tensor) {
    String source = tensor;
    while (BertStructure.SAME_VALUES.contains(graph.node(source).getOp())
        || PROBABILITIES.contains(graph.node(source).getOp())) {
      source = GraphEditor.input(graph.node(source), 0);
    }
    return source;
  }

  /** Whether the representation of a row is an output by one of its usual names, or is none. */
  private static boolean isEncoder(ModelGraph model) {
    return SavedModelReader.POOLED.stream()
            .anyMatch(key -> model.pooledOutput().equals(model.outputs().get(key)))
        || !model.outputs().containsValue(model.pooledOutput());
  }

  private static Optional<ModelVariable> variable(ModelGraph model, String read) {
    Stream<ModelVariable> variables = model.variables().stream();
    return variables.filter(variable -> variable.read().equals(read)).findFirst();
  }
}
