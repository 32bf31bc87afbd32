package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
  @TempDir Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void write(Path file, String text) {
    OutputFile.check("--json", file);
    OutputFile.write(file, text.getBytes(UTF_8));
  }

  @Test
  void takesThePlaceOfTheFileBefore() throws IOException {
    Path file = folder.resolve("a.json");
    write(file, "old");
    write(file, "new");
    assertEquals("new", Files.readString(file));
    assertEquals(List.of("a.json"), names());
  }

  @Test
  void checkingLeavesNothingAndChangesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), "old");
    OutputFile.check("--json", file);
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("a.json"), names());
  }

  @Test
  void whatAKilledProcessLeftIsNoHindrance() throws IOException {
    Files.writeString(folder.resolve(".part-a.json"), "half");
    write(folder.resolve("a.json"), "new");
    assertEquals("new", Files.readString(folder.resolve("a.json")));
    assertEquals(List.of("a.json"), names());
  }

  @Test
  void aLinkStaysOneAndItsFileIsWritten() throws IOException {
    Path file = Files.writeString(Files.createDirectory(folder.resolve("x")).resolve("a"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    write(link, "new");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(file));
  }

  @Test
  void aLinkToNoFileYetStaysOneToo() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("x", "a"));
    write(link, "new");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(folder.resolve("x").resolve("a")));
  }

  @Test
  @Timeout(60)
  void aPipeIsWrittenIntoAndStaysOne() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Process reader = new ProcessBuilder("cat", pipe.toString()).start();
    write(pipe, "text");
    try {
      assertEquals("text", new String(reader.getInputStream().readAllBytes(), UTF_8));
    } finally {
      reader.destroy();
    }
    assertTrue(Files.exists(pipe) && !Files.isRegularFile(pipe));
    assertEquals(List.of("pipe"), names());
  }

  @Test
  void whatCannotBeWrittenIsRefusedBeforeTheWork() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    for (Path bad :
        List.of(folder, file.resolve("a.json"), folder.resolve("n".repeat(254) + ".json"))) {
      String message =
          String.valueOf(
              assertThrows(IllegalArgumentException.class, () -> OutputFile.check("--json", bad))
                  .getMessage());
      assertTrue(message.startsWith("--json " + bad + ": "), message);
    }
  }
}
