package io.squat.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Serves files from memory on this machine, with or without ranges. */
final class FileServer implements AutoCloseable {
  /** What the server does with a request. */
  enum Manner {
    /** Sends the whole or the range that was asked for. */
    RANGES,
    /** Knows nothing of ranges. */
    WHOLE,
    /** Promises all of it, and closes after half. */
    HALF,
    /** Promises all of it, and sends nothing more after half until it is closed. */
    STALLED
  }

  private final HttpServer server;
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final ExecutorService answers = Executors.newCachedThreadPool();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile Manner manner = Manner.RANGES;

  FileServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::answer);
    server.setExecutor(answers);
    server.start();
  }

  URI root() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  void put(String path, byte[] content) {
    files.put("/" + path, content);
  }

  void manner(Manner wanted) {
    manner = wanted;
  }

  /** The paths that were asked for, each with its range. */
  List<String> requests() {
    return requests;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    @Nullable String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(path + (range == null ? "" : " " + range));
    byte[] content = files.get(path);
    try (exchange) {
      if (content == null) {
        exchange.sendResponseHeaders(404, -1);
      } else if (manner == Manner.RANGES && range != null) {
        int start = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
        exchange
            .getResponseHeaders()
            .set(
                "Content-Range",
                String.format(
                    Locale.ROOT, "bytes %d-%d/%d", start, content.length - 1, content.length));
        exchange.sendResponseHeaders(206, content.length - start);
        exchange.getResponseBody().write(Arrays.copyOfRange(content, start, content.length));
      } else {
        exchange.sendResponseHeaders(200, content.length);
        boolean half = manner == Manner.HALF || manner == Manner.STALLED;
        exchange.getResponseBody().write(content, 0, half ? content.length / 2 : content.length);
        exchange.getResponseBody().flush();
        if (manner == Manner.STALLED) {
          closed.await();
        }
      }
    } catch (IOException e) {
      // Closing after half of what was promised is one.
      if (manner != Manner.HALF && manner != Manner.STALLED) {
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    answers.shutdownNow();
  }
}
