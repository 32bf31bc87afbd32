package io.squat.cli;

import io.squat.train.Progress;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/** Progress as a bar on a terminal, with speed and the time that is left. */
final class TerminalProgress implements Progress {
  /** The system property by which the launcher says that standard error is a terminal. */
  static final String TERMINAL = "squat.terminal";

  private static final Logger log = LogManager.getLogger();
  private static final int UPDATE_MILLIS = 250;

  private final PrintStream terminal;

  /**
   * Makes bars.
   *
   * @param terminal where they are drawn
   */
  TerminalProgress(PrintStream terminal) {
    this.terminal = terminal;
  }

  /** Bars if standard error is a terminal, else lines in the log. */
  static Progress ofStandardError() {
    return Stopping.stoppable(
        Boolean.getBoolean(TERMINAL)
            ? new TerminalProgress(System.err)
            : new LoggedProgress(log::info, System::nanoTime));
  }

  @Override
  public Work begin(String name, String unit, long total) {
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(total > 0 ? total : -1)
            .setUnit(" " + unit, 1)
            .showSpeed()
            .setSpeedUnit(ChronoUnit.SECONDS)
            .setUpdateIntervalMillis(UPDATE_MILLIS)
            .setConsumer(new ConsoleProgressBarConsumer(terminal))
            .build();
    return new Work() {
      @Override
      public void step(long units) {
        bar.stepBy(units);
      }

      @Override
      public void message(String text) {
        bar.setExtraMessage(" " + text);
      }

      @Override
      public void close() {
        bar.close();
      }
    };
  }
}
