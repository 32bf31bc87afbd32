package io.squat.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordFilesTest {
  @TempDir Path folder;

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path file = folder.resolve("settings.json");
    assertEquals(
        file + ": expected as a part of the run, found no such file",
        assertThrows(IllegalArgumentException.class, () -> RecordFiles.read(file, List.class))
            .getMessage());
  }

  @Test
  void aFileThatIsCutOffIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("settings.json"), "[1, 2");
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> RecordFiles.read(file, List.class))
                .getMessage());
    assertTrue(message.startsWith(file + ": expected JSON as a run writes it"), message);
  }

  @Test
  void differencesAreNamedByTheirWay() {
    assertEquals(
        "b.c 2 there and 3 wanted, d \"x\" there and  wanted",
        RecordFiles.difference(
            Map.of("a", 1, "b", Map.of("c", 2), "d", "x"), Map.of("a", 1, "b", Map.of("c", 3))));
  }
}
