package io.squat.cli;

import io.squat.eval.TextFormat;
import io.squat.glue.EncodedExamples;
import io.squat.glue.TableFile;
import io.squat.glue.TextLines;
import io.squat.glue.WordPiece;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    List<String> lines = TextLines.read(file);
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
   * Reads columns of a table.
   *
   * @param file as {@link TableFile} takes it
   * @param names one column, or two for pairs; null takes the first
   * @throws IllegalArgumentException as {@link TableFile#texts}
   */
  static InputTexts readColumns(Path file, @Nullable List<String> names) {
    List<List<String>> columns = new TableFile(file).texts(names);
    return new InputTexts(columns.get(0), columns.size() == 2 ? columns.get(1) : null);
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
}
