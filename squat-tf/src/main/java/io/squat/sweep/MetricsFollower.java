package io.squat.sweep;

import io.squat.train.MetricsLine;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Reads what a stage writes into its metrics, while it writes. */
final class MetricsFollower {
  private final Path file;
  private long offset;
  private long step;
  private long mark;
  private Map<String, Double> dev = Map.of();

  MetricsFollower(Path file) {
    this.file = file;
  }

  /** How many steps are done. */
  long step() {
    return step;
  }

  /** From here on {@link #stepsSinceMark} counts. */
  void mark() {
    update();
    mark = step;
  }

  /**
   * How many steps were done since the mark. A run that goes on does the steps after its checkpoint
   * again: they count, though the file had them before.
   */
  long stepsSinceMark() {
    return step - mark;
  }

  /** The metrics after the last epoch; none before the first. */
  Map<String, Double> dev() {
    return dev;
  }

  /** Reads the lines that are new. */
  void update() {
    if (!Files.exists(file)) {
      return;
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      if (in.length() < offset) { // a run that goes on forgets what came after its checkpoint
        offset = 0;
        step = 0;
        dev = Map.of();
      }
      byte[] bytes = new byte[Math.toIntExact(in.length() - offset)];
      in.seek(offset);
      in.readFully(bytes);
      int end = bytes.length;
      while (end > 0 && bytes[end - 1] != '\n') { // a line that is being written
        end--;
      }
      offset += end;
      new String(bytes, 0, end, StandardCharsets.UTF_8).lines().forEach(this::read);
      mark = Math.min(mark, step);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private void read(String text) {
    MetricsLine line;
    try {
      line = MetricsLine.parse(text);
    } catch (IllegalArgumentException e) {
      return; // cut off by a kill; the run that goes on removes it
    }
    step = line.step();
    if (line.dev() != null) {
      dev = line.dev();
    }
  }
}
