package io.squat.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;

/**
 * The memory of this process, Java's and TensorFlow's alike.
 *
 * <p>Linux keeps it as {@code VmRSS} and {@code VmHWM} in {@code /proc/self/status}. Other systems
 * are asked for the present size alone, which the peak is never below.
 *
 * @param residentBytes what it holds now
 * @param peakBytes the most that it has held so far
 */
public record ProcessMemory(long residentBytes, long peakBytes) {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final long BYTES_PER_KIB = 1024;

  /**
   * Measures.
   *
   * @throws UncheckedIOException if Linux's file cannot be read
   */
  public static ProcessMemory now() {
    if (!Files.exists(STATUS)) {
      return new ProcessMemory(Pointer.physicalBytes(), Pointer.physicalBytes());
    }
    try {
      return of(Files.readAllLines(STATUS));
    } catch (IOException e) {
      throw new UncheckedIOException(STATUS + ": cannot be read: " + e.getMessage(), e);
    }
  }

  static ProcessMemory of(List<String> status) {
    return new ProcessMemory(bytes(status, "VmRSS"), bytes(status, "VmHWM"));
  }

  private static long bytes(List<String> status, String name) {
    Pattern line = Pattern.compile(name + ":\\s+(\\d+) kB");
    return status.stream()
        .map(line::matcher)
        .filter(Matcher::matches)
        .mapToLong(found -> Long.parseLong(found.group(1)) * BYTES_PER_KIB)
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException(STATUS + ": expected a line " + name + ", found none"));
  }
}
