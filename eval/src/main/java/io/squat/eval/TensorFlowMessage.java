package io.squat.eval;

import org.tensorflow.exceptions.TensorFlowException;

/** What TensorFlow says about a failure, in one line. */
final class TensorFlowMessage {
  /** How a product of 8-bit integers fails where its kernels are missing. */
  private static final String NO_KERNEL = "Missing 0-th output";

  private TensorFlowMessage() {}

  /** The first line of the message, with the remedy where it is known. */
  static String of(TensorFlowException failure) {
    String line = String.valueOf(failure.getMessage()).lines().findFirst().orElse("").strip();
    return line.contains(NO_KERNEL)
        ? line
            + "; integer products need oneDNN, which this machine or its settings lack: choose"
            + " --signature serving_float"
        : line;
  }
}
