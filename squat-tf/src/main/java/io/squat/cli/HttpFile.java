package io.squat.cli;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import io.squat.train.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A file on a server, of known size and checksum.
 *
 * <p>It is fetched into {@code NAME.part} beside its place and renamed when it is whole and right.
 * A part that an earlier process left is gone on with, if the server can send the rest of a file;
 * else the file is fetched from its start.
 *
 * @param url where it is
 * @param bytes its size
 * @param sha256 its checksum, 64 hexadecimal digits in lower case
 */
record HttpFile(URI url, long bytes, String sha256) {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final int BUFFER_BYTES = 1 << 16;
  private static final long KILOBYTE = 1000;
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int NO_SUCH_RANGE = 416;

  /** Checks the form of the checksum. */
  HttpFile {
    if (bytes < 1 || !sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException(
          url + ": expected a size and a SHA-256, found " + bytes + " and \"" + sha256 + "\"");
    }
  }

  /**
   * Fetches the file.
   *
   * @param target where it will be; its folder exists
   * @param progress who is told how far it is
   * @throws IllegalStateException if it cannot be got, or is not what it should be
   * @throws UncheckedIOException if it cannot be written
   */
  void fetch(Path target, Progress progress) {
    fetch(target, progress, ANSWER_TIMEOUT);
  }

  /** The same, giving up when nothing comes for so long. */
  void fetch(Path target, Progress progress, Duration patience) {
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock(out, part);
      if (out.size() > bytes) {
        out.truncate(0);
      }
      if (out.size() < bytes) {
        try (Progress.Work work =
            progress.begin("fetching " + target.getFileName(), "kB", bytes / KILOBYTE)) {
          receive(out, work, patience);
        }
      }
      check(part);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(target + ": cannot be written: " + e, e);
    }
  }

  private void lock(FileChannel out, Path part) throws IOException {
    boolean locked;
    try {
      locked = out.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      locked = false;
    }
    if (!locked) {
      throw new IllegalStateException(part + ": another process is fetching it; wait for its end");
    }
  }

  private void receive(FileChannel out, Progress.Work work, Duration patience) throws IOException {
    HttpResponse<InputStream> response = send(out.size());
    if (response.statusCode() == NO_SUCH_RANGE) {
      response.body().close();
      response = send(0);
    }
    try (InputStream in = response.body()) {
      if (response.statusCode() != OK && response.statusCode() != PARTIAL) {
        throw failed(
            "expected the file, found status " + response.statusCode(),
            "it may have moved; give a folder of GLUE that you have by --data");
      }
      long start = response.statusCode() == PARTIAL ? out.size() : 0;
      checkStart(response, start);
      out.truncate(start).position(start);
      work.step(start / KILOBYTE);
      copy(in, out, work, patience);
    }
    if (out.size() < bytes) {
      throw broken(out.size(), "the server has closed the connection", null);
    }
  }

  private HttpResponse<InputStream> send(long from) {
    HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(ANSWER_TIMEOUT);
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(CONNECT_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .proxy(ProxySelector.getDefault())
            .build();
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new IllegalStateException(
          url
              + ": cannot be reached ("
              + e
              + "); check the network or the proxy (SQUAT_JAVA_OPTS=\"-Dhttps.proxyHost=HOST"
              + " -Dhttps.proxyPort=PORT\"), or give a folder of GLUE that you have by --data",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(url + ": interrupted while it was fetched", e);
    }
  }

  /** The rest of another file is none of this one. */
  private void checkStart(HttpResponse<InputStream> response, long start) {
    String range = String.format(Locale.ROOT, "bytes %d-%d/%d", start, bytes - 1, bytes);
    String found = response.headers().firstValue("Content-Range").orElse(range);
    if (response.statusCode() == PARTIAL && !found.equals(range)) {
      throw failed("expected " + range + ", found " + found, "delete the .part file and try again");
    }
    long length = response.headers().firstValueAsLong("Content-Length").orElse(bytes - start);
    if (length != bytes - start) {
      throw failed(
          "expected " + (bytes - start) + " bytes, found " + length,
          "the file on the server is another one");
    }
  }

  private void copy(InputStream in, FileChannel out, Progress.Work work, Duration patience)
      throws IOException {
    ExecutorService reader = Executors.newSingleThreadExecutor(HttpFile::daemon);
    try {
      copy(out, work, buffer -> read(in, buffer, out, reader, patience));
    } finally {
      reader.shutdownNow();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "fetching");
    thread.setDaemon(true);
    return thread;
  }

  private void copy(FileChannel out, Progress.Work work, ToIntFunction<byte[]> reader)
      throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int read = reader.applyAsInt(buffer); read >= 0; read = reader.applyAsInt(buffer)) {
      long before = out.size();
      if (before + read > bytes) {
        out.truncate(0);
        throw failed(
            "expected " + bytes + " bytes, found more", "the file on the server is another one");
      }
      ByteBuffer bytesRead = ByteBuffer.wrap(buffer, 0, read);
      while (bytesRead.hasRemaining()) {
        out.write(bytesRead);
      }
      work.step(out.size() / KILOBYTE - before / KILOBYTE);
    }
  }

  private int read(
      InputStream in, byte[] buffer, FileChannel out, ExecutorService reader, Duration patience) {
    Future<Integer> reading = reader.submit(() -> in.read(buffer));
    try {
      return reading.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw broken(have(out), "nothing came for " + patience.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw broken(have(out), String.valueOf(e.getCause()), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw broken(have(out), "interrupted", e);
    }
  }

  private static long have(FileChannel out) {
    try {
      return out.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void check(Path part) throws IOException {
    String found = MoreFiles.asByteSource(part).hash(Hashing.sha256()).toString();
    if (!found.equals(sha256)) {
      Files.delete(part);
      throw failed(
          "expected a file of SHA-256 " + sha256 + ", found " + found,
          "it was damaged on the way, or is another one on the server; try again");
    }
  }

  private IllegalStateException failed(String what, String remedy) {
    return new IllegalStateException(url + ": " + what + "; " + remedy);
  }

  private IllegalStateException broken(long have, String why, @Nullable Throwable cause) {
    return new IllegalStateException(
        String.format(
            Locale.ROOT,
            "%s: expected %d bytes, found an end after %d (%s); the same command goes on from there",
            url,
            bytes,
            have,
            why),
        cause);
  }
}
