package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.glue.Casing;
import io.squat.glue.EncodedExamples;
import io.squat.glue.WordPiece;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDataTest {
  @TempDir Path folder;

  /** Rows of 1 to so many words, the longest first: of 3 tokens and more. */
  private static EncodedExamples rows(int count) {
    List<String> texts =
        IntStream.range(0, count)
            .mapToObj(row -> String.join(" ", Collections.nCopies(count - row, "cat")))
            .toList();
    try (WordPiece wordPiece = WordPiece.open(TinyBert.vocabulary(), Casing.UNCASED)) {
      return wordPiece.encode(texts, null, 32);
    }
  }

  @Test
  void quantilesAreLengthsOfRows() {
    assertEquals(new RunData(10, 2, 7, 11, 12), RunData.of(rows(10), rows(2)));
    assertEquals(new RunData(11, 2, 8, 12, 13), RunData.of(rows(11), rows(2)));
    assertEquals(new RunData(1, 1, 3, 3, 3), RunData.of(rows(1), rows(1)));
  }

  @Test
  void aRunKeepsIt() {
    RunFolder run = new RunFolder(folder);
    assertEquals(Optional.empty(), run.data());
    RunData data = new RunData(61, 23, 7, 11, 12);
    run.writeData(data);
    assertEquals(Optional.of(data), new RunFolder(folder).data());
  }
}
