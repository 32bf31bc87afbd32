package io.squat.cli;

import io.squat.savedmodels.Device;
import picocli.CommandLine.Option;

/** Where and with how many threads a graph runs. */
final class RunOptions {
  @Option(
      names = "--device",
      defaultValue = "auto",
      description = "auto, cpu or gpu (default: ${DEFAULT-VALUE}, the GPU if there is one).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Device device;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Threads of an operation; results are the same to the last bit only at the same number"
              + " (default: all cores).")
  private int threads;

  Device device() {
    return device;
  }

  int threads() {
    return threads;
  }
}
