package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
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

  @Test
  void tablesAreThoseThatTrainTakes() throws IOException {
    String mark = "\uFEFF";
    assertEquals(
        List.of("one\rline", "three"),
        InputTexts.readColumns(
                file(mark + "a\tb\r\none\rline\ttwo\r\nthree\tfour\r\n"), List.of("a"))
            .first());
    Path csv = Files.writeString(folder.resolve("t.csv"), "a,b\n\"one, two\",3\n");
    assertEquals(List.of("one, two"), InputTexts.readColumns(csv, null).first());
    Path lines = Files.writeString(folder.resolve("t.jsonl"), "{\"a\": \"one\"}\n");
    assertEquals(List.of("one"), InputTexts.readColumns(lines, null).first());
    Path zipped = folder.resolve("t.tsv.GZ");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write("a\none\n".getBytes(UTF_8));
    }
    assertEquals(List.of("one"), InputTexts.readColumns(zipped, null).first());
  }

  @Test
  void aLineEndsWithALineFeedAlone() throws IOException {
    assertEquals(
        List.of("one\rline", "", "two"), InputTexts.read(file("\uFEFFone\rline\r\n\ntwo")).first());
    assertEquals(List.of("x"), InputTexts.read(file("a\tx\n")).second());
  }

  @ParameterizedTest
  @CsvSource({
    "'a\tb', a, ': expected at least one row, found the columns [a, b] alone'",
    "'', a, ': expected columns and at least one row, found nothing'",
    "'a\tb\n1\t2', c, ': expected text columns of [a, b], one or two, found [c]'",
    "'a\tb\n1\t2\n3', b, ', line 3: expected 2 tab-separated columns, found 1'"
  })
  void badFilesAreRefused(String content, String column, String expected) throws IOException {
    Path file = file(content);
    assertEquals(
        file + expected,
        assertThrows(
                IllegalArgumentException.class, () -> InputTexts.readColumns(file, List.of(column)))
            .getMessage());
  }
}
