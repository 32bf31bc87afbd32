package io.squat.cli;

import io.squat.sweep.RunStatus;
import io.squat.sweep.SweepResult;
import io.squat.sweep.SweepView;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/** Shows a sweep: what runs, what is done, and when it will end. */
final class SweepTable {
  private static final Logger log = LogManager.getLogger();
  private static final int SHOWN_DONE = 12;
  private static final int SHOWN_WAITING = 4;
  private static final int SECONDS_PER_MINUTE = 60;
  private static final int MINUTES_PER_HOUR = 60;

  private SweepTable() {}

  /** A table that is drawn again and again on a terminal, else lines in the log. */
  static SweepView ofStandardError() {
    return Boolean.getBoolean(TerminalProgress.TERMINAL)
        ? new Drawn(System.err)
        : new Logged(log::info, System::nanoTime);
  }

  /** Prints what came out, a line a run over its seeds, and what failed. */
  static void print(PrintWriter out, SweepResult result) {
    int width = result.rows().stream().mapToInt(row -> row.name().length()).max().orElse(0);
    String task = "";
    for (SweepResult.Row row : result.rows().stream().sorted(SweepTable::byTask).toList()) {
      if (!row.task().equals(task)) {
        task = row.task();
        out.printf(
            Locale.ROOT,
            "%s, %s%n  %-" + Math.max(1, width) + "s  seeds   last epoch     best epoch%n",
            task,
            row.metric(),
            "");
      }
      out.printf(
          Locale.ROOT,
          "  %-" + width + "s  %5d  %s  %s%n",
          row.name(),
          row.seeds(),
          percent(row.lastMean(), row.lastDeviation()),
          percent(row.bestMean(), row.bestDeviation()).stripTrailing());
    }
    for (SweepResult.Line line : result.runs()) {
      if (line.state() == RunStatus.State.FAILED) {
        out.println("failed: " + line.folder() + ": " + line.failure());
      }
    }
  }

  private static int byTask(SweepResult.Row a, SweepResult.Row b) {
    return a.task().compareTo(b.task());
  }

  private static String percent(double mean, @Nullable Double deviation) {
    return deviation == null
        ? String.format(Locale.ROOT, "%6.2f       ", 100 * mean)
        : String.format(Locale.ROOT, "%6.2f ± %4.2f", 100 * mean, 100 * deviation);
  }

  /** Prints every run and how far it is. */
  static void printRuns(PrintWriter out, List<RunStatus> runs) {
    for (RunStatus run : runs) {
      out.println(line(run, false));
    }
    long left =
        runs.stream()
            .filter(run -> run.state() != RunStatus.State.DONE)
            .mapToLong(run -> run.run().steps() - run.step())
            .sum();
    out.println(runs.size() + " runs, " + left + " steps to do");
  }

  private static String line(RunStatus run, boolean time) {
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%-8s %s, step %d/%d",
                run.state().name().toLowerCase(Locale.ROOT),
                run.run().folder(),
                run.step(),
                run.run().steps()));
    if (!run.dev().isEmpty()) {
      line.append(", dev ").append(ResultTable.metrics(run.dev()));
    }
    if (time && run.seconds() >= 1) {
      line.append(", ").append(duration(run.seconds()));
    }
    if (run.failure() != null) {
      line.append(": ").append(run.failure());
    }
    return line.toString();
  }

  private static String summary(List<RunStatus> runs, OptionalDouble secondsLeft) {
    String counts =
        count(runs, RunStatus.State.DONE)
            + " of "
            + runs.size()
            + " runs done, "
            + count(runs, RunStatus.State.FAILED)
            + " failed";
    if (secondsLeft.isEmpty()) {
      return counts;
    }
    String end =
        LocalDateTime.now(ZoneId.systemDefault())
            .plusSeconds(Math.round(secondsLeft.getAsDouble()))
            .format(DateTimeFormatter.ofPattern("EEE HH:mm", Locale.ROOT));
    return counts + ", about " + duration(secondsLeft.getAsDouble()) + " left, until " + end;
  }

  private static long count(List<RunStatus> runs, RunStatus.State state) {
    return runs.stream().filter(run -> run.state() == state).count();
  }

  private static String duration(double seconds) {
    long whole = Math.round(seconds);
    long minutes = whole / SECONDS_PER_MINUTE;
    return minutes >= MINUTES_PER_HOUR
        ? minutes / MINUTES_PER_HOUR + " h " + minutes % MINUTES_PER_HOUR + " min"
        : minutes > 0 ? minutes + " min " + whole % SECONDS_PER_MINUTE + " s" : whole + " s";
  }

  /** Lines for a log: one at every change, and one whenever a minute has passed. */
  static final class Logged implements SweepView {
    private static final long INTERVAL_NANOS = 60_000_000_000L;

    private final Consumer<String> lines;
    private final LongSupplier nanoTime;
    private long lastLine;

    Logged(Consumer<String> lines, LongSupplier nanoTime) {
      this.lines = lines;
      this.nanoTime = nanoTime;
      this.lastLine = nanoTime.getAsLong();
    }

    @Override
    public void changed(RunStatus run) {
      lines.accept(line(run, run.state() != RunStatus.State.RUNNING));
    }

    @Override
    public void show(List<RunStatus> runs, OptionalDouble secondsLeft) {
      long now = nanoTime.getAsLong();
      if (now - lastLine >= INTERVAL_NANOS) {
        lastLine = now;
        runs.stream()
            .filter(run -> run.state() == RunStatus.State.RUNNING)
            .forEach(run -> lines.accept(line(run, true)));
        lines.accept(summary(runs, secondsLeft));
      }
    }
  }

  /** A table that is drawn over itself. */
  static final class Drawn implements SweepView {
    private static final String CLEAR = "\r\u001b[J";
    // A line that is wider than the terminal would take two, and the next drawing start too low.
    private static final String NO_WRAPPING = "\u001b[?7l";
    private static final String WRAPPING = "\u001b[?7h";

    private final PrintStream terminal;
    private int drawn;

    Drawn(PrintStream terminal) {
      this.terminal = terminal;
    }

    @Override
    public void changed(RunStatus run) {}

    @Override
    public void show(List<RunStatus> runs, OptionalDouble secondsLeft) {
      List<String> lines = lines(runs, secondsLeft);
      String up = drawn == 0 ? "" : String.format(Locale.ROOT, "\u001b[%dA", drawn);
      terminal.print(up + CLEAR + NO_WRAPPING + String.join("\n", lines) + "\n" + WRAPPING);
      terminal.flush();
      drawn = lines.size();
    }

    private static List<String> lines(List<RunStatus> runs, OptionalDouble secondsLeft) {
      List<String> lines = new ArrayList<>();
      List<RunStatus> ended =
          runs.stream()
              .filter(
                  run ->
                      run.state() == RunStatus.State.DONE || run.state() == RunStatus.State.FAILED)
              .toList();
      ended.stream()
          .skip(Math.max(0, ended.size() - SHOWN_DONE))
          .forEach(run -> lines.add(line(run, true)));
      runs.stream()
          .filter(run -> run.state() == RunStatus.State.RUNNING)
          .forEach(run -> lines.add(line(run, true)));
      runs.stream()
          .filter(run -> run.state() == RunStatus.State.WAITING)
          .limit(SHOWN_WAITING)
          .forEach(run -> lines.add(line(run, false)));
      lines.add(summary(runs, secondsLeft));
      return lines;
    }
  }
}
