package io.squat.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFilesTest {
  @TempDir Path folder;

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  private void write(String name) {
    WholeFiles.writeFolder(
        folder.resolve("model"), part -> WholeFiles.writeText(part.resolve(name), name));
  }

  /** Writes half of a folder. */
  private void fail() {
    assertThrows(
        IllegalStateException.class,
        () ->
            WholeFiles.writeFolder(
                folder.resolve("model"),
                part -> {
                  WholeFiles.writeText(part.resolve("second.txt"), "half");
                  throw new IllegalStateException("no space left");
                }));
  }

  @Test
  void aFolderTakesThePlaceOfTheOneBefore() throws IOException {
    write("first.txt");
    write("second.txt");
    assertEquals(List.of("model/second.txt"), files());
  }

  @Test
  void aFolderThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
    write("first.txt");
    fail();
    assertEquals(List.of("model/first.txt"), files());
  }

  /** Killed in the middle of the exchange, or before the rests were removed. */
  @Test
  void whatAKilledProcessLeftGoes() throws IOException {
    for (String left : List.of(".part-model", ".old-model")) {
      Files.writeString(Files.createDirectories(folder.resolve(left)).resolve("left.txt"), "x");
    }
    write("first.txt");
    assertEquals(List.of("model/first.txt"), files());
  }

  @Test
  void whatWasPutAsideIsPutBackWhereNothingTookItsPlace() throws IOException {
    Files.writeString(Files.createDirectories(folder.resolve(".old-model")).resolve("a.txt"), "x");
    fail();
    assertEquals(List.of("model/a.txt"), files());
  }

  @Test
  void aFileThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "old");
    String message =
        String.valueOf(
            assertThrows(
                    UncheckedIOException.class,
                    () ->
                        WholeFiles.write(
                            file,
                            out -> {
                              out.write('n');
                              throw new IOException("no space left");
                            }))
                .getMessage());
    assertEquals(file + ": cannot be written: no space left", message);
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("a.txt"), files());
  }
}
