package io.squat.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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

  private static String content(Path file) {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(in.readAllBytes()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + ": expected UTF-8, found other bytes", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e, e);
    }
  }
}
