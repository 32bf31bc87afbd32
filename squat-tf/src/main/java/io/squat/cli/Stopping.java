package io.squat.cli;

import io.squat.train.Progress;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Ends a command when the process is asked to end (Ctrl-C, {@code kill}), after the unit of work
 * that runs: TensorFlow's library must not be unloaded while it computes, or the JVM crashes, and
 * training writes a checkpoint first.
 */
final class Stopping {
  /** A unit of work and a checkpoint take less; a process that hangs must end all the same. */
  private static final long PATIENCE_SECONDS = 120;

  /**
   * The system property of a process that another one started and that is to end with it, however
   * that ends: its standard input is then at its end.
   */
  static final String CHILD = "squat.child";

  private static volatile boolean requested;

  private Stopping() {}

  /**
   * Runs a command so that it can be stopped.
   *
   * @param command gives the exit status
   * @param err is told that the command is being stopped
   * @return the exit status; that of a process which was stopped is the JVM's own, 128 and the
   *     signal
   */
  static int guard(IntSupplier command, PrintWriter err) {
    CountDownLatch ended = new CountDownLatch(1);
    Thread hook =
        new Thread(
            () -> {
              if (ended.getCount() > 0) {
                requested = true;
                err.println("squat: stopping when the unit of work that runs is done");
                await(ended, err);
              }
            },
            "stopping");
    Runtime.getRuntime().addShutdownHook(hook);
    if (Boolean.getBoolean(CHILD)) {
      Thread parent = new Thread(() -> awaitParentsEnd(ended, err), "parent");
      parent.setDaemon(true);
      parent.start();
    }
    try {
      return command.getAsInt();
    } finally {
      ended.countDown();
    }
  }

  private static void awaitParentsEnd(CountDownLatch ended, PrintWriter err) {
    try {
      // Nobody writes: the read ends with the process that started this one.
      System.in.read();
    } catch (IOException e) {
      err.println("squat: standard input: " + e.getMessage());
    }
    requested = true;
    await(ended, err);
    if (ended.getCount() > 0) {
      Runtime.getRuntime().halt(Failures.FAILED);
    }
  }

  /** Whether the process is to end. */
  static boolean requested() {
    return requested;
  }

  private static void await(CountDownLatch ended, PrintWriter err) {
    try {
      if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        err.println("squat: it goes on after " + PATIENCE_SECONDS + " s; ending the process");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void requireNoRequest(String name) {
    if (requested) {
      throw new CancellationException(name + ": stopped");
    }
  }

  /** Progress whose work ends by a {@link CancellationException} once the process is to end. */
  static Progress stoppable(Progress progress) {
    return (name, unit, total) -> {
      requireNoRequest(name);
      Progress.Work work = progress.begin(name, unit, total);
      return new Progress.Work() {
        @Override
        public void step(long count) {
          work.step(count);
          requireNoRequest(name);
        }

        @Override
        public void message(String text) {
          work.message(text);
        }

        @Override
        public void close() {
          work.close();
        }
      };
    };
  }
}
