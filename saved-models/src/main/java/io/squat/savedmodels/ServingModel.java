package io.squat.savedmodels;

import com.google.common.collect.ImmutableMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;

/**
 * What a SavedModel is written from: a graph and its signatures.
 *
 * @param graph the nodes
 * @param signatures inputs and outputs by the signature's name
 * @param variables the variables of the graph; null if all values are in constants
 */
public record ServingModel(
    GraphDef graph, Map<String, SignatureDef> signatures, @Nullable ServingVariables variables) {
  /** The signature that a client uses who names none. */
  public static final String DEFAULT = "serving_default";

  /** The signature whose inputs are int64. */
  public static final String INT64 = "serving_int64";

  /** The signature without segment ids: every text is a single one. */
  public static final String NO_SEGMENTS = "serving_no_segments";

  /**
   * The signature that computes in float32 with public operations: for GPUs, which have no integer
   * kernels. A TensorFlow that lacks the integer kernel's operation does not load the graph, this
   * signature included; it needs an export with {@link Compute#FLOAT}.
   */
  public static final String FLOAT = "serving_float";

  /** Copies the signatures, in their order. */
  public ServingModel {
    signatures = ImmutableMap.copyOf(signatures);
  }

  /** A graph whose values are all in constants. */
  static ServingModel ofConstants(GraphDef graph, Map<String, SignatureDef> signatures) {
    return new ServingModel(graph, signatures, null);
  }

  /**
   * The same model with constants in variables, see {@link ServingVariables}.
   *
   * @param moved which ones
   */
  ServingModel withVariables(Predicate<NodeDef> moved) {
    ServingVariables variables = ServingVariables.of(graph, moved);
    return new ServingModel(variables.graph(), signatures, variables);
  }
}
