package io.squat.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A program that trains up to a step, says so, and waits to be killed. */
final class KilledRun {
  static final String REACHED = "reached";

  private KilledRun() {}

  /**
   * Runs.
   *
   * @param arguments folder of the run, stage, step
   */
  public static void main(String[] arguments) {
    long step = Long.parseLong(arguments[2]);
    TestRun.train(
        TestRun.settings(Method.SQUAT, "within", TrainerTest.SEED),
        Path.of(arguments[0]),
        TestRun.steps(
            arguments[1],
            done -> {
              if (done == step) {
                waitForEver();
              }
            }));
  }

  private static void waitForEver() {
    System.out.println(REACHED);
    System.out.flush();
    try {
      // Nobody writes: the read ends with the process.
      System.in.read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
