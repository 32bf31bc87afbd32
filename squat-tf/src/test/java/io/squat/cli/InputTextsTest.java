package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InputTextsTest {
  @TempDir Path folder;

  private Path file(String content) throws IOException {
    return Files.writeString(folder.resolve("texts.tsv"), content);
  }

  @Test
  void theFirstColumnIsTheDefault() throws IOException {
    InputTexts texts = InputTexts.readColumns(file("a\tb\none\ttwo\nthree\tfour\n"), null);
    assertEquals(List.of("one", "three"), texts.first());
    assertNull(texts.second());
  }

  @Test
  void namedColumnsMakePairsInTheirOrder() throws IOException {
    InputTexts texts =
        InputTexts.readColumns(file("id\tq\ts\n1\twho\tme\n2\twhy\tso\n"), List.of("s", "q"));
    assertEquals(List.of("me", "so"), texts.first());
    assertEquals(List.of("who", "why"), texts.second());
    assertEquals(new InputTexts(List.of("me"), List.of("who")), texts.first(1));
    assertEquals(texts, texts.first(5));
  }

  @ParameterizedTest
  @CsvSource({
    "'a\tb', a, 'expected a header line and at least one row, found the header alone'",
    "'', a, 'expected a header line and at least one row, found nothing'",
    "'a\tb\n1\t2', c, 'expected --text-columns of [a, b], one or two, found [c]'",
    "'a\tb\n1\t2\n3', b, 'line 3: expected at least 2 columns, found 1'"
  })
  void badFilesAreRefused(String content, String column, String expected) throws IOException {
    Path file = file(content);
    assertEquals(
        file + ": " + expected,
        assertThrows(
                IllegalArgumentException.class, () -> InputTexts.readColumns(file, List.of(column)))
            .getMessage());
  }
}
