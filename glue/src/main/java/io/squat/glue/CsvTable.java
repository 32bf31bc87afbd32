package io.squat.glue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** Comma-separated fields as in RFC 4180: a field in double quotes may hold commas and lines. */
final class CsvTable implements Table {
  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get();
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final CSVParser parser;
  private final Iterator<CSVRecord> records;
  private final String name;
  private long line;

  /**
   * Reads the start of a stream, which {@link #close} closes; a failure here closes it, too.
   *
   * @param name what errors call the stream
   */
  CsvTable(InputStream in, String name) {
    this.name = name;
    try {
      BufferedReader text =
          new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
      text.mark(1);
      if (text.read() != BYTE_ORDER_MARK) {
        text.reset();
      }
      this.parser = CSVParser.builder().setReader(text).setFormat(FORMAT).get();
    } catch (IOException e) {
      try {
        in.close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw unreadable(e);
    }
    this.records = parser.iterator();
  }

  @Override
  public String dialect() {
    return "comma-separated";
  }

  @Override
  public @Nullable List<String> header() {
    CSVRecord record = record();
    return record == null ? null : record.toList();
  }

  @Override
  public @Nullable List<@Nullable String> next() {
    CSVRecord record = record();
    return record == null ? null : List.copyOf(record.toList());
  }

  private @Nullable CSVRecord record() {
    try {
      if (!records.hasNext()) {
        return null;
      }
      CSVRecord record = records.next();
      line = parser.getCurrentLineNumber();
      return record;
    } catch (UncheckedIOException e) {
      line = parser.getCurrentLineNumber();
      throw unreadable(Objects.requireNonNull(e.getCause()));
    }
  }

  private RuntimeException unreadable(IOException e) {
    if (e instanceof CharacterCodingException) {
      return new IllegalArgumentException(
          name
              + ", after line "
              + line
              + ": expected UTF-8, found bytes that are not ("
              + e.getMessage()
              + "); save the file as UTF-8",
          e);
    }
    if (e instanceof CSVException) {
      return new IllegalArgumentException(
          where()
              + ": expected comma-separated fields as in RFC 4180, found a double quote that is never"
              + " closed, or text behind a closing one ("
              + e.getMessage()
              + ")",
          e);
    }
    return new UncheckedIOException(
        where() + ": cannot be read (" + e.getMessage() + "); is the file complete?", e);
  }

  @Override
  public String where() {
    return name + ", line " + line;
  }

  @Override
  public void close() {
    try {
      parser.close();
    } catch (IOException e) {
      throw new UncheckedIOException(name + ": cannot be closed", e);
    }
  }
}
