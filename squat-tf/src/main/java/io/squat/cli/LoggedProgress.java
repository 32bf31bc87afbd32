package io.squat.cli;

import io.squat.train.Progress;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Progress as plain lines, for a log: one at the start of a piece of work, one at its end, and in
 * between one whenever half a minute has passed.
 */
final class LoggedProgress implements Progress {
  /** The least time between two lines of a work. */
  static final long INTERVAL_NANOS = 30_000_000_000L;

  private static final double NANOS_PER_SECOND = 1e9;

  private final Consumer<String> lines;
  private final LongSupplier nanoTime;

  /**
   * Makes a log.
   *
   * @param lines takes each line
   * @param nanoTime a clock that counts nanoseconds
   */
  LoggedProgress(Consumer<String> lines, LongSupplier nanoTime) {
    this.lines = lines;
    this.nanoTime = nanoTime;
  }

  @Override
  public Work begin(String name, String unit, long total) {
    lines.accept(total > 0 ? name + ": 0/" + total + " " + unit : name);
    return new LoggedWork(name, unit, total);
  }

  private final class LoggedWork implements Work {
    private final String name;
    private final long total;
    private final String unit;
    private final long start = nanoTime.getAsLong();
    private long lastLine = start;
    private long done;
    private String message = "";

    LoggedWork(String name, String unit, long total) {
      this.name = name;
      this.total = total;
      this.unit = unit;
    }

    @Override
    public void step(long units) {
      done += units;
      long now = nanoTime.getAsLong();
      if (now - lastLine >= INTERVAL_NANOS) {
        lastLine = now;
        double seconds = (now - start) / NANOS_PER_SECOND;
        lines.accept(name + ": " + count() + pace(seconds) + message);
      }
    }

    @Override
    public void message(String text) {
      message = text.isEmpty() ? "" : ", " + text;
    }

    @Override
    public void close() {
      double seconds = (nanoTime.getAsLong() - start) / NANOS_PER_SECOND;
      lines.accept(
          name + ": " + count() + String.format(Locale.ROOT, " in %.1f s", seconds) + message);
    }

    private String count() {
      return total > 0 ? done + "/" + total + " " + unit : done + " " + unit;
    }

    private String pace(double seconds) {
      if (done == 0) {
        return "";
      }
      String speed = String.format(Locale.ROOT, ", %.2f %s/s", done / seconds, unit);
      long left = Math.round(seconds / done * (total - done));
      return left > 0 ? speed + ", " + left / 60 + " min " + left % 60 + " s left" : speed;
    }
  }
}
