package io.squat.eval;

import com.google.common.collect.ImmutableMap;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/**
 * The output of a model's signature that predicts: float32 [B, C], or [B] or [B, 1] for scores.
 *
 * @param key its name in the signature
 * @param tensor the name of its tensor, for example {@code logits:0}
 * @param kind what its numbers mean where there are several a row
 */
record SignatureOutput(String key, String tensor, OutputKind kind) {
  private static final ImmutableMap<String, OutputKind> NAMES =
      ImmutableMap.of(
          "logits", OutputKind.LOGITS,
          "probabilities", OutputKind.PROBABILITIES,
          "score", OutputKind.CLASS_VALUES);

  /** What encoders call the output [B, H] that a classifier would start from. */
  private static final List<String> ENCODER_OUTPUTS =
      List.of("pooled_output", "pooler_output", "default");

  private static final int CLASSES_RANK = 2;

  /**
   * Finds the float32 output named {@code logits}, {@code probabilities} or {@code score}, of one
   * or two dimensions or of an unknown shape; where none has such a name, the only one that is
   * float32 [B, C].
   *
   * @throws IllegalArgumentException if there is no such output; the message lists the outputs
   */
  static SignatureOutput of(SignatureDef signature) {
    return find(signature)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected a classifier's output, one named logits, probabilities or score, or"
                        + " one alone of float32 [B, C], found outputs "
                        + describe(new TreeMap<>(signature.getOutputsMap()))
                        + "; an encoder must be trained for a task first"));
  }

  /** Finds the output as {@link #of} does; empty if there is none. */
  static Optional<SignatureOutput> find(SignatureDef signature) {
    Map<String, TensorInfo> infos = new TreeMap<>(signature.getOutputsMap());
    boolean ofTokens = false;
    for (Map.Entry<String, OutputKind> name : NAMES.entrySet()) {
      for (Map.Entry<String, TensorInfo> info : infos.entrySet()) {
        if (info.getKey().toLowerCase(Locale.ROOT).equals(name.getKey())
            && info.getValue().getDtype() == DataType.DT_FLOAT) {
          if (isOfRows(info.getValue())) {
            return Optional.of(
                new SignatureOutput(info.getKey(), info.getValue().getName(), name.getValue()));
          }
          ofTokens = true;
        }
      }
    }
    if (ofTokens) { // such as [B, T, C]: what else there is are no classes of rows
      return Optional.empty();
    }
    List<Map.Entry<String, TensorInfo>> classes =
        infos.entrySet().stream().filter(info -> isFloatMatrix(info.getValue())).toList();
    if (classes.size() != 1 || ENCODER_OUTPUTS.contains(classes.get(0).getKey())) {
      return Optional.empty();
    }
    return Optional.of(
        new SignatureOutput(
            classes.get(0).getKey(), classes.get(0).getValue().getName(), OutputKind.CLASS_VALUES));
  }

  /**
   * Finds the output named {@code logits}, {@code probabilities} or {@code score} by the names
   * alone.
   *
   * @return its key and what its numbers mean; empty if there is none
   */
  static Optional<Map.Entry<String, OutputKind>> named(Collection<String> keys) {
    return NAMES.entrySet().stream()
        .flatMap(
            name ->
                keys.stream()
                    .filter(key -> key.toLowerCase(Locale.ROOT).equals(name.getKey()))
                    .map(key -> Map.entry(key, name.getValue())))
        .findFirst();
  }

  /** Whether it has a number or several a row, [B] or [B, C], as far as its shape is known. */
  private static boolean isOfRows(TensorInfo info) {
    TensorShapeProto shape = info.getTensorShape();
    return !info.hasTensorShape()
        || shape.getUnknownRank()
        || shape.getDimCount() == 1
        || shape.getDimCount() == CLASSES_RANK;
  }

  private static boolean isFloatMatrix(TensorInfo info) {
    return info.getDtype() == DataType.DT_FLOAT
        && !info.getTensorShape().getUnknownRank()
        && info.getTensorShape().getDimCount() == CLASSES_RANK;
  }

  /** Outputs by name, with their types and shapes. */
  static String describe(Map<String, TensorInfo> outputs) {
    return outputs.entrySet().stream().map(SignatureOutput::describe).toList().toString();
  }

  private static String describe(Map.Entry<String, TensorInfo> output) {
    TensorInfo info = output.getValue();
    String type = info.getDtype().name().replace("DT_", "").toLowerCase(Locale.ROOT);
    String shape =
        info.getTensorShape().getUnknownRank()
            ? "of unknown shape"
            : info.getTensorShape().getDimList().stream()
                .map(dimension -> dimension.getSize() < 0 ? "?" : "" + dimension.getSize())
                .toList()
                .toString();
    return output.getKey() + " " + type + " " + shape;
  }
}
