package io.squat.glue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/**
 * A file's uncompressed bytes, whose SHA-256 is known when all have been read.
 *
 * @param stream the bytes; who reads them closes it
 */
record HashedStream(DigestInputStream stream) {

  static HashedStream of(InputStream in) {
    try {
      return new HashedStream(new DigestInputStream(in, MessageDigest.getInstance("SHA-256")));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Opens a file, plain or {@code .gz}.
   *
   * @throws IllegalArgumentException if there is no such file
   * @throws UncheckedIOException if it cannot be read or unpacked
   */
  static HashedStream open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          file
              + ": expected a file, found "
              + (Files.isDirectory(file) ? "a folder" : "no such file"));
    }
    try {
      return of(unpacked(file));
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + ": cannot be read (" + e.getMessage() + "); expected a readable, complete file",
          e);
    }
  }

  private static InputStream unpacked(Path file) throws IOException {
    InputStream raw = Files.newInputStream(file);
    if (TableFormat.plainName(file).equals(file.getFileName().toString())) {
      return raw;
    }
    try {
      return new GZIPInputStream(raw);
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  /** SHA-256 of what was read, in hexadecimal; once. */
  String sha256() {
    return HexFormat.of().formatHex(stream.getMessageDigest().digest());
  }
}
