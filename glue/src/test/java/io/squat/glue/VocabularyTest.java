package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {
  private static final String SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";

  @TempDir Path folder;

  private Path write(String text) throws IOException {
    return write(text.getBytes(StandardCharsets.UTF_8));
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("vocab.txt"), bytes);
  }

  @Test
  void lineNumberIsTheId() throws IOException {
    Vocabulary vocabulary = Vocabulary.read(write(SPECIAL + "caf\u00e9\n##s"));
    assertEquals(
        List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "caf\u00e9", "##s"), vocabulary.entries());
    assertEquals(2, vocabulary.id("[CLS]"));
  }

  @Test
  void windowsLineEndsAndEmptyLinesAtTheEndDoNotCount() throws IOException {
    Vocabulary vocabulary = Vocabulary.read(write((SPECIAL + "a\n\n\n").replace("\n", "\r\n")));
    assertEquals(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"), vocabulary.entries());
  }

  @Test
  void lineSeparatorsOfUnicodeAreCharacters() throws IOException {
    Vocabulary vocabulary = Vocabulary.read(write(SPECIAL + "\u2028\n\u0085\nb\n"));
    assertEquals(6, vocabulary.id("b"));
  }

  @Test
  void missingFile() {
    assertError(
        ": expected the model's vocabulary (vocab.txt), found no such file; put it there, or name"
            + " it by --vocab where there is that option");
  }

  @Test
  void emptyFile() throws IOException {
    write("\n");
    assertError(": expected a vocabulary with one entry a line, found an empty file");
  }

  @Test
  void entryTwice() throws IOException {
    write(SPECIAL + "a\nb\na\n");
    assertError(", line 7: entry \"a\" is already in line 5; expected every entry once");
  }

  @Test
  void emptyEntry() throws IOException {
    write(SPECIAL + "\nb\n");
    assertError(", line 5: expected a vocabulary entry, found an empty line");
  }

  @Test
  void missingSpecialTokens() throws IOException {
    write("[PAD]\n[UNK]\na\n");
    assertError(
        ": expected BERT's special tokens, missing [CLS], [SEP]; is this the vocab.txt of a BERT?");
  }

  @Test
  void invalidUtf8() throws IOException {
    write((SPECIAL + "\u00e9\n").getBytes(StandardCharsets.ISO_8859_1));
    assertError(
        ", line 5: expected UTF-8, found bytes that are not (Input length = 1); save the file as"
            + " UTF-8");
  }

  private void assertError(String message) {
    Path file = folder.resolve("vocab.txt");
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Vocabulary.read(file));
    assertEquals(file + message, error.getMessage());
  }

  @Test
  void casingIsInferredFromTheLetters() {
    assertEquals(Casing.UNCASED, Casing.infer(List.of("[CLS]", "[unused1]", "the", "##ing")));
    assertEquals(Casing.CASED, Casing.infer(List.of("[CLS]", "the", "The")));
    assertEquals(Casing.CASED, Casing.infer(List.of("[CLS]", "[unused1]", "1", "\u5317")));
    assertEquals(Casing.CASED, Casing.infer(List.of("[CLS]", "the", "##A")));
    assertEquals(Casing.UNCASED, Casing.infer(Fixtures.path("wordpiece/uncased-vocab.txt")));
    assertEquals(Casing.CASED, Casing.infer(Fixtures.path("wordpiece/cased-vocab.txt")));
  }
}
