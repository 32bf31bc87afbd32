package io.squat.savedmodels;

import io.squat.ops.Granularity;
import io.squat.ops.IntegerStorage;
import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.ndarray.Shape;

/**
 * Makes what is served of a model and its trained values: graphs of plain TensorFlow operations, as
 * integers with all values in constants, in float32 with the large ones in variables.
 *
 * <p>A model with a task head gets the signatures of {@link ServingModel} and the outputs {@code
 * logits} float32 [B, C], {@code probabilities} float32 [B, C] and {@code label} int32 [B], or, of
 * regression, {@code score} float32 [B]. A model without one keeps the signature that it was read
 * with.
 */
public final class Export {
  /** Float32 constants of so many bytes are variables in a float export, trained or not. */
  private static final int LEAST_BYTES = 1024;

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
    Constants constants = new Constants(values, IntegerStorage.PACKED); // none are stored
    ServingInputs served = ServingInputs.of(answering(model));
    List<RewritePass> passes = floatPasses(BertStructure.of(model), quantization, constants);
    return signatures(served, Rewriting.apply(served.model(), passes))
        .build()
        .withVariables(ServingVariables.trained(LEAST_BYTES));
  }

  static List<RewritePass> floatPasses(
      BertStructure structure, Quantization quantization, Constants constants) {
    List<RewritePass> passes = new ArrayList<>();
    quantization
        .grid(Quantizer.Kind.ACTIVATION)
        .ifPresent(grid -> passes.add(new QuantizeActivations(structure, grid, constants)));
    passes.add(new QuantizeConstants(structure, quantization, constants));
    passes.add(new UnfusedLayerNorms());
    passes.add(new FreezeVariables(constants));
    return passes;
  }

  /**
   * The model with its kernels and tables packed in as many bits as they were trained with (5 to 7
   * in 8). Weights or tables that were not quantized stay float32.
   *
   * <p>Its layers multiply integers where weights and activations are quantized, and one more
   * signature, {@link ServingModel#FLOAT}, multiplies the same weights in float32; or all
   * signatures do.
   *
   * @param model a canonical graph, with or without a task head
   * @param quantization what it was trained with
   * @param values the trained values and step sizes
   * @param compute what the layers multiply
   * @throws IllegalArgumentException if no weights or tables are quantized, integers are to be
   *     multiplied and weights are quantized but activations are not, the model is not a BERT, or a
   *     value is missing or not one that can be exported
   */
  public static ServingModel toPacked(
      ModelGraph model, Quantization quantization, ModelValues values, Compute compute) {
    return toIntegers(
        "packed", model, quantization, new Constants(values, IntegerStorage.PACKED), compute);
  }

  /**
   * As {@link #toPacked}, with every integer in a byte of its own: the same outputs to the last
   * bit, from values that other programs can read as they are.
   *
   * @param model a canonical graph, with or without a task head
   * @param quantization what it was trained with
   * @param values the trained values and step sizes
   * @param compute what the layers multiply
   * @throws IllegalArgumentException as {@link #toPacked}
   */
  public static ServingModel toInt8(
      ModelGraph model, Quantization quantization, ModelValues values, Compute compute) {
    return toIntegers(
        "int8", model, quantization, new Constants(values, IntegerStorage.BYTES), compute);
  }

  private static ServingModel toIntegers(
      String format,
      ModelGraph model,
      Quantization quantization,
      Constants constants,
      Compute compute) {
    requireIntegers(format, quantization, compute);
    BertStructure structure = BertStructure.of(model);
    ServingInputs served = ServingInputs.of(answering(model));
    ModelGraph inFloat =
        Rewriting.apply(
            served.model(), integerPasses(structure, quantization, constants, Compute.FLOAT));
    ModelGraph first =
        compute == Compute.FLOAT
            ? inFloat
            : Rewriting.apply(
                served.model(), integerPasses(structure, quantization, constants, compute));
    ServingGraph graph = signatures(served, first);
    if (quantization.grid(Quantizer.Kind.WEIGHT).isPresent()) {
      graph.add(ServingModel.FLOAT, asRead(served), inFloat);
    }
    return graph.build().withVariables(ServingVariables.integers());
  }

  /**
   * Refuses bits that cannot be stored or multiplied as integers.
   *
   * @param format packed or int8, for the message
   * @param quantization what is quantized
   * @param compute what the layers multiply
   * @throws IllegalArgumentException if no weights or tables are quantized, or integers are to be
   *     multiplied and weights are quantized but activations are not
   */
  public static void requireIntegers(String format, Quantization quantization, Compute compute) {
    boolean weights = quantization.grid(Quantizer.Kind.WEIGHT).isPresent();
    boolean tables = quantization.grid(Quantizer.Kind.EMBEDDING).isPresent();
    boolean activations = quantization.grid(Quantizer.Kind.ACTIVATION).isPresent();
    if (!weights && !tables) {
      throw new IllegalArgumentException(
          "format "
              + format
              + ": expected bits W-E-A with weights or embeddings of 2 to 8, found "
              + quantization.bits()
              + "; export as float");
    }
    if (compute == Compute.INTEGER && weights && !activations) {
      throw new IllegalArgumentException(
          "format "
              + format
              + ": expected bits W-E-A with activations of 2 to 8 for layers that multiply integers,"
              + " found "
              + quantization.bits()
              + "; let them multiply float32 by --compute float");
    }
  }

  static List<RewritePass> integerPasses(
      BertStructure structure, Quantization quantization, Constants constants, Compute compute) {
    Optional<QuantizationGrid> weights = quantization.grid(Quantizer.Kind.WEIGHT);
    Optional<QuantizationGrid> inputs = quantization.grid(Quantizer.Kind.ACTIVATION);
    Granularity granularity = quantization.granularity(Quantizer.Kind.WEIGHT);
    List<RewritePass> passes = new ArrayList<>();
    quantization
        .grid(Quantizer.Kind.EMBEDDING)
        .ifPresent(grid -> passes.add(new IntegerTables(structure, grid, constants)));
    if (compute == Compute.INTEGER && weights.isPresent() && inputs.isPresent()) {
      passes.add(new IntegerLayers(structure, weights.get(), granularity, inputs.get(), constants));
    } else {
      inputs.ifPresent(grid -> passes.add(new QuantizeActivations(structure, grid, constants)));
      weights.ifPresent(
          grid -> passes.add(new UnpackKernels(structure, grid, granularity, constants)));
    }
    passes.add(OrderedCubes.forServing());
    passes.add(new UnfusedLayerNorms());
    passes.add(new FreezeVariables(constants));
    return passes;
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

  private static ServingGraph signatures(ServingInputs served, ModelGraph frozen) {
    ServingGraph graph = new ServingGraph(outputShapes(served.model()));
    graph.add(ServingModel.DEFAULT, asRead(served), frozen);
    if (frozen.head() != null) {
      graph.add(ServingModel.INT64, served.wide(), frozen);
      graph.add(
          ServingModel.NO_SEGMENTS,
          frozen.inputs().stream().filter(input -> input.role() != InputRole.SEGMENTS).toList(),
          frozen);
    }
    return graph;
  }

  /** The inputs of the signature that was read; those of a model with a head are int32. */
  private static List<ModelInput> asRead(ServingInputs served) {
    List<ModelInput> narrow = served.model().inputs();
    List<ModelInput> inputs = new ArrayList<>();
    for (int i = 0; i < narrow.size(); i++) {
      inputs.add(narrow.get(i).wide() ? served.wide().get(i) : narrow.get(i));
    }
    return inputs;
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
