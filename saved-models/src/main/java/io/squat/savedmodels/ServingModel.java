package io.squat.savedmodels;

import java.util.Map;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SignatureDef;

/**
 * What a SavedModel is written from: a graph without variables, and its signatures.
 *
 * @param graph the nodes, all values in constants
 * @param signatures inputs and outputs by the signature's name
 */
public record ServingModel(GraphDef graph, Map<String, SignatureDef> signatures) {
  /** The signature that a client uses who names none. */
  public static final String DEFAULT = "serving_default";

  /** The signature whose inputs are int64. */
  public static final String INT64 = "serving_int64";

  /** The signature without segment ids: every text is a single one. */
  public static final String NO_SEGMENTS = "serving_no_segments";

  /** The signature that computes in float32, for machines without the integer kernels. */
  public static final String FLOAT = "serving_float";

  /** Copies the signatures. */
  public ServingModel {
    signatures = Map.copyOf(signatures);
  }
}
