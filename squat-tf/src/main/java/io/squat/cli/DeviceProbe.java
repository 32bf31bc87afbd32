package io.squat.cli;

import io.squat.eval.JavaProcess;
import io.squat.savedmodels.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks for a device in a process of its own: TensorFlow keeps hold of a GPU for as long as a
 * process lives, and those that are to work on it may find it taken.
 */
final class DeviceProbe {
  private DeviceProbe() {}

  /**
   * Checks that a device is there that other processes are to use.
   *
   * @throws IllegalArgumentException if it is not
   */
  static void require(Device device) {
    if (device != Device.GPU) {
      return;
    }
    List<String> command = new ArrayList<>(JavaProcess.command(DeviceProbe.class, List.of()));
    command.add(device.label());
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String found = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0 || !found.isEmpty()) {
        throw new IllegalArgumentException(
            found.isEmpty()
                ? "device: expected a GPU, found that the process which looked for one ended with status "
                    + status
                : found.strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("device: cannot be looked for: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("device: interrupted while it was looked for", e);
    }
  }

  /**
   * Prints why a device is not there, or nothing.
   *
   * @param arguments its name
   */
  public static void main(String[] arguments) {
    PrintStream answer = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    try {
      Device.of(arguments[0]).requireThere();
    } catch (IllegalArgumentException e) {
      answer.println(e.getMessage());
    }
  }
}
