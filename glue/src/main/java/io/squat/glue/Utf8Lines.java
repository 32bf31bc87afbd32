package io.squat.glue;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads text line by line and knows the line's number, also that of a line which is not UTF-8.
 *
 * <p>A line ends with a line feed, or a carriage return and a line feed, and with nothing else:
 * texts may hold a carriage return or Unicode's line separators, at which {@link
 * java.io.BufferedReader} would cut. A byte order mark at the start is dropped.
 */
final class Utf8Lines implements AutoCloseable {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final InputStream in;
  private final String name;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private int number;

  /**
   * Wraps a stream, which {@link #close} closes.
   *
   * @param name what errors call the stream
   */
  Utf8Lines(InputStream in, String name) {
    this.in = new BufferedInputStream(in, 1 << 16);
    this.name = name;
  }

  /** The next line without its end; null after the last one. */
  @Nullable String next() {
    try {
      line.reset();
      int b = in.read();
      if (b < 0) {
        return null;
      }
      while (b >= 0 && b != '\n') {
        line.write(b);
        b = in.read();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          name
              + ", after line "
              + number
              + ": cannot be read ("
              + e.getMessage()
              + "); is the file complete?",
          e);
    }
    number++;
    return decode(line.toByteArray());
  }

  /** The place of the line that {@link #next} returned last, for errors. */
  String where() {
    return name + ", line " + number;
  }

  private String decode(byte[] bytes) {
    int length =
        bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
    String text;
    try {
      text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          where()
              + ": expected UTF-8, found bytes that are not ("
              + e.getMessage()
              + "); save the file as UTF-8",
          e);
    }
    return number == 1 && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException(name + ": cannot be closed", e);
    }
  }
}
