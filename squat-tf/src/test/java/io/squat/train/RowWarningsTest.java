package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Casing;
import io.squat.glue.Split;
import io.squat.glue.WordPiece;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowWarningsTest {
  @TempDir Path folder;

  private String warnings(int maxLength, String... texts) throws IOException {
    Path vocabulary =
        Files.writeString(
            folder.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nit\nrains\nis\nwet\n");
    StringWriter written = new StringWriter();
    WriterAppender appender =
        WriterAppender.createAppender(
            PatternLayout.newBuilder().setPattern("%m%n").build(),
            null,
            written,
            "written",
            false,
            true);
    appender.start();
    Logger logger = (Logger) LogManager.getLogger(RowWarnings.class);
    logger.addAppender(appender);
    try (WordPiece words = WordPiece.open(vocabulary, Casing.UNCASED)) {
      RowWarnings.log(words.encode(List.of(texts), null, maxLength), Split.DEV, maxLength);
    } finally {
      logger.removeAppender(appender);
      appender.stop();
    }
    return written.toString();
  }

  @Test
  void textsThatFitAreNotWarnedOf() throws IOException {
    assertEquals("", warnings(16, "It rains", "It is wet"));
  }

  /** Of 13 tokens with the special ones, 1 and 2 are no word of the vocabulary. */
  @Test
  void aTenthOfTheTokensIsMuch() throws IOException {
    assertEquals("", warnings(16, "it is wet it is wet it is wet it snow"));
    String much = warnings(16, "it is wet it is wet it is wet snow hail");
    assertTrue(much.startsWith("15 % of the tokens of the dev rows are [UNK]"), much);
  }

  @Test
  void rowsThatAreCutAreCounted() throws IOException {
    assertEquals(
        "1 of 2 dev rows are longer than 4 tokens and were cut" + System.lineSeparator(),
        warnings(4, "It rains", "It is wet"));
  }
}
