package io.squat.cli;

import com.google.common.io.CountingInputStream;
import io.squat.train.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Unpacks a zip that is an entry of a jar. */
final class NestedZip {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final long MEGABYTE = 1_000_000;

  private NestedZip() {}

  /**
   * Unpacks.
   *
   * @param jar the jar
   * @param entry the name of the zip in it
   * @param folder where its files go; it exists
   * @param progress who is told how far it is, in megabytes of the zip
   * @throws IllegalStateException if the jar has no such entry, or the zip names a file outside the
   *     folder
   * @throws IOException if the jar cannot be read or a file not be written
   */
  static void unpack(Path jar, String entry, Path folder, Progress progress) throws IOException {
    try (ZipFile outer = new ZipFile(jar.toFile())) {
      ZipEntry inner = outer.getEntry(entry);
      if (inner == null) {
        throw new IllegalStateException(jar + ": expected an entry " + entry + ", found none");
      }
      try (CountingInputStream counted = new CountingInputStream(outer.getInputStream(inner));
          ZipInputStream zip = new ZipInputStream(counted);
          Progress.Work work =
              progress.begin("unpacking the model", "MB", inner.getSize() / MEGABYTE)) {
        ZipEntry next = zip.getNextEntry();
        while (next != null) {
          Path target = inside(folder, next.getName());
          if (next.isDirectory()) {
            Files.createDirectories(target);
          } else {
            Files.createDirectories(target.getParent());
            write(zip, counted, target, work);
          }
          next = zip.getNextEntry();
        }
      }
    }
  }

  private static void write(
      ZipInputStream zip, CountingInputStream counted, Path target, Progress.Work work)
      throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (OutputStream out = Files.newOutputStream(target)) {
      long before = counted.getCount() / MEGABYTE;
      int read = zip.read(buffer);
      while (read >= 0) {
        out.write(buffer, 0, read);
        long now = counted.getCount() / MEGABYTE;
        work.step(now - before);
        before = now;
        read = zip.read(buffer);
      }
    }
  }

  private static Path inside(Path folder, String name) {
    Path target = folder.resolve(name).normalize();
    if (!target.startsWith(folder.normalize())) {
      throw new IllegalStateException(
          "zip entry \"" + name + "\": expected a file below " + folder + ", found " + target);
    }
    return target;
  }
}
