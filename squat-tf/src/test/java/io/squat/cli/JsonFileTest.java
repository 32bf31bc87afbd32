package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonFileTest {
  @TempDir private Path folder;

  record Result(String task, double accuracy, List<Integer> rows) {}

  @Test
  void writesARecordInPlaceOfAnOlderFile() throws IOException {
    Path file = Files.writeString(folder.resolve("result.json"), "older and longer ".repeat(100));
    JsonFile.write(file, new Result("QNLI é", 0.725, List.of(3, 5)));
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertEquals(
        new ObjectMapper()
            .readTree("{\"task\": \"QNLI é\", \"accuracy\": 0.725, \"rows\": [3, 5]}"),
        json);
    assertEquals(List.of(file), files());
  }

  @Test
  void makesTheFolder() {
    Path file = folder.resolve("a/b/result.json");
    JsonFile.check(file);
    JsonFile.write(file, List.of());
    assertTrue(Files.isRegularFile(file));
  }

  @Test
  void takesAFileWithoutAFolder() {
    JsonFile.check(Path.of("result.json"));
  }

  @Test
  void leavesNothingBehindWhenItFails() throws IOException {
    Path file = folder.resolve("result.json");
    Object withoutProperties = new Object();
    assertThrows(UncheckedIOException.class, () -> JsonFile.write(file, withoutProperties));
    Files.createDirectories(file.resolve("in the way"));
    String message =
        String.valueOf(
            assertThrows(UncheckedIOException.class, () -> JsonFile.write(file, List.of()))
                .getMessage());
    assertTrue(message.startsWith(file + ": cannot be written: "), message);
    assertEquals(List.of(file), files());
  }

  @Test
  void saysThatAFolderIsInTheWay() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> JsonFile.check(folder)).getMessage();
    assertEquals("--json " + folder + ": expected a file, found a folder", message);
  }

  @Test
  void saysThatTheFolderCannotBe() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    String message =
        assertThrows(IllegalArgumentException.class, () -> JsonFile.check(file.resolve("r.json")))
            .getMessage();
    assertEquals("--json " + file + "/r.json: the folder " + file + " cannot be made", message);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
