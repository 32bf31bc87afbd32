package io.squat.cli;

import io.squat.eval.TextFormat;
import io.squat.glue.EncodedExamples;
import io.squat.glue.WordPiece;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Texts to predict for.
 *
 * @param first the texts
 * @param second the second texts of pairs, as many, or null
 */
record InputTexts(List<String> first, @Nullable List<String> second) {

  /** Copies the lists. */
  InputTexts {
    first = List.copyOf(first);
    second = second == null ? null : List.copyOf(second);
  }

  /**
   * Reads a text a line, or two separated by a tab.
   *
   * @throws IllegalArgumentException if the file has no line, a line has another number of columns
   *     than the first, or the bytes are not UTF-8
   */
  static InputTexts read(Path file) {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    List<String> lines = content(file).lines().toList();
    int columns = lines.isEmpty() ? 0 : lines.get(0).split("\t", -1).length;
    if (columns < 1 || columns > 2) {
      throw new IllegalArgumentException(
          file + ": expected lines of one text, or two separated by a tab, found " + columns);
    }
    for (int i = 0; i < lines.size(); i++) {
      String[] texts = lines.get(i).split("\t", -1);
      if (texts.length != columns) {
        throw new IllegalArgumentException(
            file
                + ": line "
                + (i + 1)
                + ": expected "
                + columns
                + " columns as in line 1, found "
                + texts.length);
      }
      first.add(texts[0]);
      if (columns == 2) {
        second.add(texts[1]);
      }
    }
    return new InputTexts(first, columns == 2 ? second : null);
  }

  /**
   * Reads columns of a TSV whose first line names them.
   *
   * @param file UTF-8, plain or gzip
   * @param names one column, or two for pairs; null takes the first
   * @throws IllegalArgumentException if there is no such column, no row, a row with fewer columns,
   *     or the bytes are not UTF-8
   */
  static InputTexts readColumns(Path file, @Nullable List<String> names) {
    List<String> lines = content(file).lines().toList();
    if (lines.size() < 2) {
      throw new IllegalArgumentException(
          file
              + ": expected a header line and at least one row, found "
              + (lines.isEmpty() ? "nothing" : "the header alone"));
    }
    List<String> header = List.of(lines.get(0).split("\t", -1));
    List<String> wanted = names == null ? header.subList(0, 1) : names;
    if (wanted.size() > 2 || !header.containsAll(wanted)) {
      throw new IllegalArgumentException(
          file + ": expected --text-columns of " + header + ", one or two, found " + wanted);
    }
    List<List<String>> columns = new ArrayList<>();
    for (String name : wanted) {
      List<String> column = new ArrayList<>();
      for (int i = 1; i < lines.size(); i++) {
        column.add(cell(file, lines, i, header.indexOf(name)));
      }
      columns.add(column);
    }
    return new InputTexts(columns.get(0), columns.size() == 2 ? columns.get(1) : null);
  }

  private static String cell(Path file, List<String> lines, int line, int column) {
    String[] cells = lines.get(line).split("\t", -1);
    if (cells.length <= column) {
      throw new IllegalArgumentException(
          file
              + ": line "
              + (line + 1)
              + ": expected at least "
              + (column + 1)
              + " columns, found "
              + cells.length);
    }
    return cells[column];
  }

  /** The first ones, at most so many. */
  InputTexts first(int count) {
    int size = Math.min(count, first.size());
    return new InputTexts(first.subList(0, size), second == null ? null : second.subList(0, size));
  }

  /**
   * The texts as token ids.
   *
   * @param format how they become tokens
   * @param maxLength tokens that they are cut to
   */
  EncodedExamples encode(TextFormat format, int maxLength) {
    try (WordPiece wordPiece = WordPiece.open(format.vocabulary(), format.casing())) {
      return wordPiece.encode(first, second, maxLength);
    }
  }

  private static String content(Path file) {
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(file + ": expected a file of texts, found a folder");
    }
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(in.readAllBytes()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + ": expected UTF-8, found other bytes", e);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(file + ": expected a file of texts, found none", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e, e);
    }
  }
}
