package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/**
 * Makes what is served of a model and its trained values: graphs of plain TensorFlow operations
 * with all values in constants.
 *
 * <p>A model with a task head gets the signatures of {@link ServingModel} and the outputs {@code
 * logits} float32 [B, C], {@code probabilities} float32 [B, C] and {@code label} int32 [B], or, of
 * regression, {@code score} float32 [B]. A model without one keeps the signature that it was read
 * with.
 */
public final class Export {
  private Export() {}

  /**
   * The model in float32: grid values where weights and tables are quantized, and quantizers with
   * constant steps in front of the layers where activations are. Any TensorFlow runs it.
   *
   * @param model a canonical graph, with or without a task head
   * @param quantization what it was trained with; {@link Quantization#NONE} changes no value
   * @param values the trained values and step sizes
   * @throws IllegalArgumentException if the model is not a BERT, or a value is missing or not one
   *     that can be exported
   */
  public static ServingModel toFloat(
      ModelGraph model, Quantization quantization, ModelValues values) {
    BertStructure structure = BertStructure.of(model);
    Constants constants = new Constants(values);
    List<RewritePass> passes = new ArrayList<>();
    quantization
        .grid(Quantizer.Kind.ACTIVATION)
        .ifPresent(grid -> passes.add(new QuantizeActivations(structure, grid, constants)));
    passes.add(new QuantizeConstants(structure, quantization, constants));
    passes.add(new FreezeVariables(constants));
    ModelGraph answering = answering(model);
    ModelGraph frozen = Rewriting.apply(answering, passes);
    return signatures(answering, frozen).build();
  }

  /** Adds the outputs that the served model has, and gives the inputs the names that they have. */
  private static ModelGraph answering(ModelGraph model) {
    if (model.head() == null) {
      return model;
    }
    ModelGraph answering = new AddPredictions().apply(model);
    return new ModelGraph(
        answering.graph(),
        answering.variables(),
        answering.inputs().stream()
            .map(in -> new ModelInput(in.role().signatureName(), in.tensor(), in.role(), false))
            .toList(),
        answering.outputs(),
        answering.pooledOutput(),
        answering.head(),
        answering.quantizers());
  }

  private static ServingGraph signatures(ModelGraph answering, ModelGraph frozen) {
    ServingGraph graph = new ServingGraph(outputShapes(answering));
    if (answering.head() == null) {
      return graph.add(ServingModel.DEFAULT, new WideInputs(ModelInput::wide).apply(frozen));
    }
    return graph
        .add(ServingModel.DEFAULT, frozen)
        .add(ServingModel.INT64, new WideInputs(input -> true).apply(frozen))
        .add(ServingModel.NO_SEGMENTS, new NoSegments().apply(frozen));
  }

  /** Found before the values are in the graph, which TensorFlow would copy. */
  private static Map<String, Shape> outputShapes(ModelGraph model) {
    List<String> keys = List.copyOf(model.outputs().keySet());
    List<Shape> shapes = TensorShapes.of(model, List.copyOf(model.outputs().values()));
    Map<String, Shape> byKey = new HashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      byKey.put(keys.get(i), shapes.get(i));
    }
    return byKey;
  }
}
