package io.squat.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Requests to one server, each within a time that covers the whole answer. */
final class ServingHttp {
  private final String model;
  private final Duration timeout;
  private final HttpClient client;

  /**
   * A status and a body.
   *
   * @param status the HTTP status
   * @param body everything after the headers; not copied
   * @param location where the server says that the answer is, its header {@code Location}; null if
   *     it has none
   */
  // An immutable array class would copy an answer that is read once.
  @SuppressWarnings("ArrayRecordComponent")
  record Response(int status, byte[] body, @Nullable String location) {}

  /**
   * Makes a client.
   *
   * @param model what messages call the model
   * @param timeout the longest time from connecting to the answer's last byte
   */
  ServingHttp(String model, Duration timeout) {
    this.model = model;
    this.timeout = timeout;
    // HTTP 1.1: TensorFlow Serving's server knows nothing of the upgrade that Java would offer.
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .build();
  }

  /**
   * Sends a request and waits for the whole answer, whatever its status.
   *
   * @throws UncheckedIOException if the server cannot be reached, ends the connection, or does not
   *     answer in time
   * @throws IllegalStateException if the thread is interrupted; it stays so
   */
  Response send(HttpRequest.Builder request) {
    HttpRequest built = request.header("Accept", "application/json").build();
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(built, BodyHandlers.ofByteArray());
    try {
      // The timeout of a HttpRequest would end at the headers.
      HttpResponse<byte[]> response =
          answer.get(Math.max(1, timeout.toMillis()), TimeUnit.MILLISECONDS);
      return new Response(
          response.statusCode(),
          response.body(),
          response.headers().firstValue("Location").orElse(null));
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw late(e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new IllegalStateException(model + ": interrupted while waiting for the server", e);
    } catch (ExecutionException e) {
      throw failed(e.getCause() == null ? e : e.getCause());
    }
  }

  private UncheckedIOException late(Exception cause) {
    HttpTimeoutException late = new HttpTimeoutException("no answer in time");
    late.initCause(cause);
    return new UncheckedIOException(
        model
            + ": no answer within "
            + seconds(timeout)
            + "; give it more time by --timeout SECONDS, or fewer texts at once",
        late);
  }

  /** Such as 1.5s, 1m (of 60 seconds) or 1m30s. */
  static String seconds(Duration duration) {
    return duration.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  private RuntimeException failed(Throwable cause) {
    if (cause instanceof HttpConnectTimeoutException timeoutOfConnecting) {
      return late(timeoutOfConnecting);
    }
    if (!(cause instanceof IOException)) {
      return new IllegalStateException(model + ": the request failed: " + cause, cause);
    }
    String message =
        cause instanceof ConnectException
            ? ": cannot be reached: "
                + (cause.getCause() instanceof UnresolvedAddressException
                    ? "nobody knows this host"
                    : "no connection")
                + "; is the server running, and is this its REST port (--rest_api_port)?"
            : ": the connection failed: " + cause;
    // Its own type: an end of file there is the server's, not one of a file that the user gave.
    return new UncheckedIOException(model + message, new IOException(cause.toString(), cause));
  }
}
