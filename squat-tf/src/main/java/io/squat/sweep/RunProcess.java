package io.squat.sweep;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that trains one run; it ends by itself when this process does. */
final class RunProcess {
  private static final String ERROR = "squat: ";
  private static final int SIGNAL = 128;
  private static final int KILL = 9;

  private final Process process;
  private final Path log;
  private final long logStart;

  private RunProcess(Process process, Path log, long logStart) {
    this.process = process;
    this.log = log;
    this.logStart = logStart;
  }

  /**
   * Starts.
   *
   * @param command and its arguments
   * @param log where what it prints is added
   */
  static RunProcess start(List<String> command, Path log) {
    try {
      Files.createDirectories(log.resolveSibling("."));
      Files.writeString(
          log,
          String.join(" ", command.subList(command.indexOf("train"), command.size())) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      long start = Files.size(log);
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      return new RunProcess(process, log, start);
    } catch (IOException e) {
      throw new UncheckedIOException(
          log + ": the process of the run cannot be started: " + e.getMessage(), e);
    }
  }

  /** Waits for its end, but not for ever. */
  void await(long millis) throws InterruptedException {
    process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  boolean ended() {
    return !process.isAlive();
  }

  /** Asks it to end: it writes a checkpoint first. */
  void stop() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      process.destroy();
    }
  }

  /** Why it ended without a result, in a line. */
  String failure() {
    int status = process.exitValue();
    String end =
        status > SIGNAL
            ? "killed by signal "
                + (status - SIGNAL)
                + (status - SIGNAL == KILL ? ", as for want of memory" : "")
            : "ended with exit status " + status;
    try {
      byte[] all = Files.readAllBytes(log);
      int start = (int) Math.min(logStart, all.length);
      return new String(all, start, all.length - start, StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(ERROR))
          .reduce((first, second) -> second)
          .map(line -> line.substring(ERROR.length()))
          .orElse(end + "; see " + log);
    } catch (IOException e) {
      return end + "; " + log + " cannot be read: " + e.getMessage();
    }
  }
}
