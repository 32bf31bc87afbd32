package io.squat.cli;

import com.google.common.io.CountingInputStream;
import io.squat.train.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.jspecify.annotations.Nullable;

/** Unpacks the archives that models come in. */
final class Archive {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final long MEGABYTE = 1_000_000;

  /** The archive cannot be read, whatever can be written. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1;

    DamagedException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** Where bytes, or the next entry, come from. */
  @FunctionalInterface
  private interface Reading<T extends @Nullable Object> {
    T read() throws IOException;
  }

  private final Path source;
  private final CountingInputStream counted;
  private final Path folder;
  private final Progress.Work work;

  private Archive(Path source, CountingInputStream counted, Path folder, Progress.Work work) {
    this.source = source;
    this.counted = counted;
    this.folder = folder;
    this.work = work;
  }

  /**
   * Unpacks a zip that is an entry of a jar.
   *
   * @param jar the jar
   * @param entry the name of the zip in it
   * @param folder where its files go; it exists
   * @param progress who is told how far it is, in megabytes of the zip
   * @throws IllegalArgumentException if the jar has no such entry, or the zip names a file outside
   *     the folder
   * @throws DamagedException if the zip cannot be read
   * @throws IOException if the jar cannot be read or a file not be written
   */
  static void unpackNestedZip(Path jar, String entry, Path folder, Progress progress)
      throws IOException {
    try (ZipFile outer = new ZipFile(jar.toFile())) {
      ZipEntry inner = outer.getEntry(entry);
      if (inner == null) {
        throw new IllegalArgumentException(jar + ": expected an entry " + entry + ", found none");
      }
      try (CountingInputStream counted = new CountingInputStream(outer.getInputStream(inner));
          ZipArchiveInputStream zip = new ZipArchiveInputStream(counted);
          Progress.Work work = begin(progress, inner.getSize())) {
        new Archive(jar, counted, folder, work).unpack(zip);
      }
    }
  }

  /**
   * Unpacks a {@code .tar.gz}.
   *
   * @param file the archive
   * @param folder where its files go; it exists
   * @param progress who is told how far it is, in megabytes of the archive
   * @throws IllegalArgumentException if it holds links, or names a file outside the folder
   * @throws DamagedException if it cannot be read
   * @throws IOException if a file cannot be written
   */
  static void unpackTarGz(Path file, Path folder, Progress progress) throws IOException {
    try (CountingInputStream counted = new CountingInputStream(Files.newInputStream(file));
        TarArchiveInputStream tar =
            new TarArchiveInputStream(read(() -> new GzipCompressorInputStream(counted)));
        Progress.Work work = begin(progress, Files.size(file))) {
      new Archive(file, counted, folder, work).unpack(tar);
    }
  }

  private static Progress.Work begin(Progress progress, long bytes) {
    return progress.begin("unpacking the model", "MB", bytes / MEGABYTE);
  }

  private void unpack(ArchiveInputStream<?> archive) throws IOException {
    for (ArchiveEntry entry = read(archive::getNextEntry);
        entry != null;
        entry = read(archive::getNextEntry)) {
      Path target = inside(entry.getName());
      if (entry instanceof TarArchiveEntry tar && isSpecial(tar)) {
        throw new IllegalArgumentException(
            source
                + ": entry \""
                + entry.getName()
                + "\": expected a file or a folder, found a link");
      }
      if (entry.isDirectory()) {
        Files.createDirectories(target);
      } else {
        Files.createDirectories(target.getParent());
        write(archive, target);
      }
    }
  }

  private static <T extends @Nullable Object> T read(Reading<T> reading) throws DamagedException {
    try {
      return reading.read();
    } catch (IOException e) {
      throw new DamagedException(e);
    }
  }

  private static boolean isSpecial(TarArchiveEntry entry) {
    return entry.isSymbolicLink()
        || entry.isLink()
        || entry.isFIFO()
        || entry.isBlockDevice()
        || entry.isCharacterDevice();
  }

  private void write(InputStream in, Path target) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (OutputStream out = Files.newOutputStream(target)) {
      long before = counted.getCount() / MEGABYTE;
      for (int read = read(() -> in.read(buffer)); read >= 0; read = read(() -> in.read(buffer))) {
        out.write(buffer, 0, read);
        long now = counted.getCount() / MEGABYTE;
        work.step(now - before);
        before = now;
      }
    }
  }

  private Path inside(String name) {
    Path target = folder.resolve(name).normalize();
    if (!target.startsWith(folder.normalize())) {
      throw new IllegalArgumentException(
          source
              + ": entry \""
              + name
              + "\": expected a file below the archive's folder, found one outside of it");
    }
    return target;
  }
}
