package io.squat.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The right to write into a folder, which one process has at a time. The system takes it back when
 * the process ends, however that happens; the file stays and means nothing by itself.
 */
public final class FolderLock {
  private static final Logger log = LogManager.getLogger();

  /** The file that is locked. */
  public static final String FILE = "lock";

  private static final long POLL_MILLIS = 100;

  private FolderLock() {}

  /**
   * Works in a folder, which is made if it is not there, while no other process does. If it was not
   * there and the work fails before it has written anything, it is not there afterwards.
   *
   * @param work what is done
   * @return what it gives back
   * @throws IllegalArgumentException if another process has the folder; nothing is done then
   */
  public static <T> T holding(Path folder, Supplier<T> work) {
    boolean made = !Files.exists(folder);
    try (FileChannel channel = open(folder)) {
      if (tryLock(channel) == null) {
        throw new IllegalArgumentException(
            folder
                + ": expected a folder that no other process works in, found process "
                + Files.readString(folder.resolve(FILE), StandardCharsets.UTF_8).strip()
                + " at work in it; wait for it to end, or choose another folder");
      }
      String process = ProcessHandle.current().pid() + "\n";
      channel.truncate(0).write(ByteBuffer.wrap(process.getBytes(StandardCharsets.UTF_8)));
      return made ? orNothing(folder, work) : work.get();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be locked: " + e.getMessage(), e);
    }
  }

  private static <T> T orNothing(Path folder, Supplier<T> work) {
    boolean done = false;
    try {
      T result = work.get();
      done = true;
      return result;
    } finally {
      if (!done) {
        deleteIfUnused(folder);
      }
    }
  }

  private static void deleteIfUnused(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      if (files.allMatch(file -> file.endsWith(FILE))) {
        Files.deleteIfExists(folder.resolve(FILE));
        Files.delete(folder);
      }
    } catch (IOException e) {
      log.debug("{}: cannot be removed", folder, e); // what failed is told in its place
    }
  }

  /**
   * Waits until no process has the folder, or until it is to stop.
   *
   * @param folder the folder, which need not be there
   * @param waits is told before the waiting begins, if there is any
   * @param stop whether to wait no longer
   */
  public static void await(Path folder, Runnable waits, BooleanSupplier stop) {
    if (!Files.exists(folder.resolve(FILE))) {
      return;
    }
    try (FileChannel channel = open(folder)) {
      if (tryLock(channel) == null) {
        waits.run();
        while (!stop.getAsBoolean() && tryLock(channel) == null) {
          TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(folder + ": interrupted while another process had it", e);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be locked: " + e.getMessage(), e);
    }
  }

  /** Whether a process works in a folder, which need not be there. */
  public static boolean isHeld(Path folder) {
    if (!Files.exists(folder.resolve(FILE))) {
      return false;
    }
    try (FileChannel channel = open(folder)) {
      return tryLock(channel) == null;
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be locked: " + e.getMessage(), e);
    }
  }

  private static FileChannel open(Path folder) {
    try {
      Files.createDirectories(folder);
      return FileChannel.open(
          folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw new IllegalArgumentException(folder + ": expected a folder, found a file", e);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be locked: " + e.getMessage(), e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this process has it
    }
  }
}
