package io.squat.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;

/** The most memory that this process has held so far. */
public final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");
  private static final long BYTES_PER_KIB = 1024;

  private PeakMemory() {}

  /**
   * The largest resident size of this process in bytes, Java's and TensorFlow's memory alike.
   *
   * <p>Linux keeps it as {@code VmHWM} in {@code /proc/self/status}. Other systems are asked for
   * the present size instead, which the peak is never below.
   *
   * @throws UncheckedIOException if Linux's file cannot be read
   */
  public static long bytes() {
    if (!Files.exists(STATUS)) {
      return Pointer.physicalBytes();
    }
    try {
      return bytes(Files.readAllLines(STATUS));
    } catch (IOException e) {
      throw new UncheckedIOException(STATUS + ": cannot be read: " + e.getMessage(), e);
    }
  }

  static long bytes(List<String> status) {
    return status.stream()
        .map(PEAK::matcher)
        .filter(Matcher::matches)
        .mapToLong(line -> Long.parseLong(line.group(1)) * BYTES_PER_KIB)
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException(STATUS + ": expected a line VmHWM, found none"));
  }
}
