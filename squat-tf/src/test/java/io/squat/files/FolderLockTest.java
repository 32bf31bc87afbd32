package io.squat.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
  @TempDir Path folder;

  @Test
  @Timeout(60)
  void waitingEndsWhenItIsToStop() {
    List<String> told = new ArrayList<>();
    FolderLock.holding(
        folder,
        () -> {
          FolderLock.await(folder, () -> told.add("waits"), () -> true);
          return folder;
        });
    assertEquals(List.of("waits"), told);
  }

  @Test
  void nobodyWaitsForAFolderThatIsFree() {
    List<String> told = new ArrayList<>();
    FolderLock.holding(folder, () -> folder); // leaves its file
    FolderLock.await(folder, () -> told.add("waits"), () -> false);
    FolderLock.await(folder.resolve("none"), () -> told.add("waits"), () -> false);
    assertEquals(List.of(), told);
  }

  @Test
  void isHeldAsLongAsTheWorkLasts() {
    assertTrue(FolderLock.holding(folder, () -> FolderLock.isHeld(folder)));
    assertFalse(FolderLock.isHeld(folder));
  }
}
