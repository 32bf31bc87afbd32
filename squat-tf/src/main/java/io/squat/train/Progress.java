package io.squat.train;

/**
 * Is told how far long work has come, and may ask it to stop. Who shows it, and how, is the
 * caller's choice; the results of the work do not depend on it.
 */
public interface Progress {
  /** Shows nothing. */
  Progress NONE =
      (name, unit, total) ->
          new Work() {
            @Override
            public void step(long count) {}

            @Override
            public void message(String text) {}

            @Override
            public void close() {}
          };

  /** The total of work whose amount is not known. */
  long UNKNOWN = -1;

  /**
   * Begins a piece of work; the caller closes it, also when the work fails.
   *
   * @param name what is done, in the words of a log line, such as {@code fine-tuning}
   * @param unit what is counted, such as {@code step} or {@code row}
   * @param total how many there are, or {@link #UNKNOWN}
   */
  Work begin(String name, String unit, long total);

  /** Work that goes on; used from one thread. */
  interface Work extends AutoCloseable {
    /**
     * Counts so many more as done.
     *
     * @throws java.util.concurrent.CancellationException if the work is to be stopped
     */
    void step(long count);

    /** Replaces the remark beside the count, such as a loss. */
    void message(String text);

    @Override
    void close();
  }
}
