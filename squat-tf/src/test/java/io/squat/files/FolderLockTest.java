package io.squat.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
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

  @Test
  void aFolderThatWasMadeForNothingGoes() throws IOException {
    Path made = folder.resolve("made");
    assertThrows(IllegalStateException.class, () -> FolderLock.holding(made, FolderLockTest::fail));
    assertFalse(Files.exists(made));
    assertThrows(
        IllegalStateException.class,
        () ->
            FolderLock.holding(
                made,
                () -> {
                  WholeFiles.writeText(made.resolve("part"), "mine");
                  return fail();
                }));
    assertEquals("mine", Files.readString(made.resolve("part")));
    Path before = Files.createDirectory(folder.resolve("before"));
    assertThrows(
        IllegalStateException.class, () -> FolderLock.holding(before, FolderLockTest::fail));
    assertTrue(Files.exists(before));
  }

  private static Path fail() {
    throw new IllegalStateException("it failed");
  }

  /** Another one's work that has not written yet. */
  @Test
  void aFolderThatAnotherHoldsStays() {
    Path held = folder.resolve("held");
    FolderLock.holding(
        held,
        () -> {
          assertThrows(
              IllegalArgumentException.class, () -> FolderLock.holding(held, FolderLockTest::fail));
          assertTrue(FolderLock.isHeld(held));
          return held;
        });
  }
}
