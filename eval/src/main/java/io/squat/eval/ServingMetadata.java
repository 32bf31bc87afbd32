package io.squat.eval;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/**
 * What a TensorFlow Serving server says of a model's signatures: the JSON of {@code
 * GetModelMetadataResponse}.
 *
 * <pre>
 * {"metadata": {"signature_def": {"signature_def": {"serving_default": {
 *    "inputs": {"input_ids": {"dtype": "DT_INT32", "name": "input_ids:0",
 *       "tensor_shape": {"dim": [{"size": "-1"}, {"size": "-1"}], "unknown_rank": false}}, ...},
 *    "outputs": {...}}}}}}
 * </pre>
 */
final class ServingMetadata {
  private ServingMetadata() {}

  /**
   * Reads a signature.
   *
   * @param answer the server's answer
   * @param name the signature
   * @throws IllegalArgumentException if there is no such signature; the message lists those there
   *     are
   * @throws IllegalStateException if the answer is not such metadata
   */
  static SignatureDef signature(JsonNode answer, String name) {
    JsonNode signatures = answer.at("/metadata/signature_def/signature_def");
    if (!signatures.isObject()) {
      throw new IllegalStateException(
          "expected metadata with a signature_def, found "
              + (answer.isObject() ? "members " + names(answer) : "no object"));
    }
    JsonNode found = signatures.path(name);
    if (!found.isObject()) {
      throw new IllegalArgumentException(
          "expected a signature "
              + name
              + ", found "
              + names(signatures)
              + "; choose one by --signature");
    }
    SignatureDef.Builder signature = SignatureDef.newBuilder();
    tensors(found.path("inputs")).forEach(signature::putInputs);
    tensors(found.path("outputs")).forEach(signature::putOutputs);
    return signature.build();
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names.stream().sorted().toList();
  }

  private static Map<String, TensorInfo> tensors(JsonNode object) {
    Map<String, TensorInfo> tensors = new TreeMap<>();
    for (String key : names(object)) {
      tensors.put(key, tensor(object.path(key)));
    }
    return tensors;
  }

  private static TensorInfo tensor(JsonNode node) {
    TensorInfo.Builder tensor =
        TensorInfo.newBuilder()
            .setName(node.path("name").asText())
            .setDtype(type(node.path("dtype").asText()));
    JsonNode shape = node.path("tensor_shape");
    if (shape.isMissingNode() || shape.path("unknown_rank").asBoolean()) {
      tensor.getTensorShapeBuilder().setUnknownRank(true);
    } else {
      tensor.getTensorShapeBuilder();
      for (JsonNode size : shape.path("dim")) {
        // An int64 is a string in the JSON of a protocol buffer; one that is left out is 0.
        tensor.getTensorShapeBuilder().addDimBuilder().setSize(size.path("size").asLong());
      }
    }
    return tensor.build();
  }

  private static DataType type(String name) {
    return Arrays.stream(DataType.values())
        .filter(type -> type.name().equals(name))
        .findFirst()
        .orElse(DataType.DT_INVALID);
  }
}
