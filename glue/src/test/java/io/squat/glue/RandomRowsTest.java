package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomRowsTest {
  private static final String SPECIAL = "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n";

  @TempDir Path folder;
  private Path vocabulary;

  @BeforeEach
  void write() throws IOException {
    vocabulary = Files.writeString(folder.resolve("vocab.txt"), SPECIAL + "cat\n[\n##s\n]\n");
  }

  @Test
  void rowsBeginWithClsAndEndWithSepAndHavePiecesOfWordsBetween() {
    List<Integer> ids = RandomRows.of(vocabulary, 3).next(50, 4);
    assertEquals(200, ids.size());
    Set<Integer> drawn = new TreeSet<>();
    for (int row = 0; row < 50; row++) {
      assertEquals(3, ids.get(4 * row));
      drawn.addAll(ids.subList(4 * row + 1, 4 * row + 3));
      assertEquals(4, ids.get(4 * row + 3));
    }
    assertEquals(Set.of(5, 6, 7, 8), drawn);
  }

  /** Brackets with nothing or with other brackets in them are text, as where casing is inferred. */
  @Test
  void onlyNamesInBracketsAreLeftOut() throws IOException {
    Path brackets = Files.writeString(folder.resolve("b.txt"), SPECIAL + "[]\n[a]b]\n[[\n[A1]\n");
    assertEquals(Set.of(5, 6, 7), Set.copyOf(drawn(RandomRows.of(brackets, 3).next(1, 200))));
    assertEquals(Casing.UNCASED, Casing.infer(brackets));
    Files.writeString(brackets, SPECIAL + "[]\n[A]b]\n");
    assertEquals(Casing.CASED, Casing.infer(brackets));
  }

  /** Without the special tokens at both ends. */
  private static List<Integer> drawn(List<Integer> row) {
    return row.subList(1, row.size() - 1);
  }

  @Test
  void aSeedIsASequence() {
    RandomRows rows = RandomRows.of(vocabulary, 3);
    List<Integer> first = rows.next(2, 20);
    assertNotEquals(first, rows.next(2, 20));
    assertEquals(first, RandomRows.of(vocabulary, 3).next(2, 20));
    assertNotEquals(first, RandomRows.of(vocabulary, 4).next(2, 20));
  }

  @Test
  void refusesWhatHasNoTokens() throws IOException {
    RandomRows rows = RandomRows.of(vocabulary, 3);
    assertEquals(
        "random rows: expected rows of at least 2 tokens, found 5 of 1",
        assertThrows(IllegalArgumentException.class, () -> rows.next(5, 1)).getMessage());
    Path special = Files.writeString(folder.resolve("special.txt"), SPECIAL);
    assertEquals(
        special + ": expected pieces of words, found nothing but entries in brackets",
        assertThrows(IllegalArgumentException.class, () -> RandomRows.of(special, 3)).getMessage());
  }
}
