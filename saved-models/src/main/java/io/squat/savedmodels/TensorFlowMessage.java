package io.squat.savedmodels;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What TensorFlow says about a failure, in one line. Its exceptions have no type in common: some
 * are IllegalArgumentExceptions, some UnsupportedOperationExceptions, some TensorFlowExceptions.
 */
public final class TensorFlowMessage {
  private static final Pattern NODE = Pattern.compile("\\{\\{node ([^}]+)}}");

  /** What users can do about some failures, by a part of TensorFlow's message. */
  private static final ImmutableMap<String, String> REMEDIES =
      ImmutableMap.of(
          "Missing 0-th output",
          "integer products need oneDNN, which this machine or its settings lack: choose --signature"
              + " serving_float",
          "Op type not registered '_Mkl",
          "integer products need a TensorFlow built with oneDNN: export with --compute float",
          "Read less bytes than requested",
          "a file of the model's variables is cut off: copy the model again",
          "Checksum does not match",
          "a file of the model's variables is damaged: copy the model again",
          "OOM when allocating",
          "the device's memory is used up: take fewer rows a batch or shorter ones");

  private TensorFlowMessage() {}

  /**
   * The line that names the failure, with the remedy where it is known.
   *
   * @param failure what a call of TensorFlow threw
   */
  public static String of(RuntimeException failure) {
    List<String> lines =
        String.valueOf(failure.getMessage())
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.endsWith("root error(s) found."))
            .toList();
    String line = lines.isEmpty() ? failure.getClass().getSimpleName() : lines.get(0);
    return REMEDIES.entrySet().stream()
        .filter(remedy -> line.contains(remedy.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .map(remedy -> line + "; " + remedy)
        .orElseGet(() -> line + node(String.join(" ", lines), line));
  }

  /** The node that a message names, if its first line does not. */
  private static String node(String message, String line) {
    return NODE.matcher(message)
        .results()
        .map(match -> match.group(1))
        .findFirst()
        .filter(node -> !line.contains(node))
        .map(node -> " (node " + node + ")")
        .orElse("");
  }
}
