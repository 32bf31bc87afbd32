package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hashing;
import io.squat.train.Progress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class HttpFileTest {
  private static final int SIZE = 200_003;

  @TempDir Path folder;
  private final byte[] content = new byte[SIZE];
  private final FileServer server = new FileServer();
  private Path target = Path.of("");
  private Path part = Path.of("");

  @BeforeEach
  void serve() {
    new Random(7).nextBytes(content);
    server.put("a/file.zip", content);
    target = folder.resolve("file.zip");
    part = folder.resolve("file.zip.part");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpFile file() {
    return file(server.root().resolve("a/file.zip"), content);
  }

  private static HttpFile file(URI url, byte[] expected) {
    return new HttpFile(url, expected.length, Hashing.sha256().hashBytes(expected).toString());
  }

  private void fetch() throws IOException {
    file().fetch(target, Progress.NONE);
    assertArrayEquals(content, Files.readAllBytes(target));
    assertFalse(Files.exists(part));
  }

  private String failure(HttpFile file) {
    IllegalStateException failed =
        assertThrows(IllegalStateException.class, () -> file.fetch(target, Progress.NONE));
    assertFalse(Files.exists(target));
    String message = String.valueOf(failed.getMessage());
    assertTrue(message.startsWith(file.url() + ": "), message);
    return message;
  }

  @Test
  void whole() throws IOException {
    fetch();
    assertEquals(List.of("/a/file.zip"), server.requests());
  }

  @Test
  void aPartIsGoneOnWith() throws IOException {
    Files.write(part, Arrays.copyOf(content, 70_001));
    fetch();
    assertEquals(List.of("/a/file.zip bytes=70001-"), server.requests());
  }

  @Test
  void aWholePartIsNotFetchedAgain() throws IOException {
    Files.write(part, content);
    fetch();
    assertEquals(List.of(), server.requests());
  }

  @Test
  void aServerWithoutRangesSendsAll() throws IOException {
    server.manner(FileServer.Manner.WHOLE);
    Files.write(part, new byte[70_001]);
    fetch();
  }

  @Test
  void aPartThatIsTooLongIsNone() throws IOException {
    Files.write(part, new byte[SIZE + 1]);
    fetch();
    assertEquals(List.of("/a/file.zip"), server.requests());
  }

  @Test
  void aBrokenConnectionIsGoneOnWith() throws IOException {
    server.manner(FileServer.Manner.HALF);
    String message = failure(file());
    assertTrue(message.contains("expected " + SIZE + " bytes, found an end after "), message);
    assertTrue(message.contains("the same command goes on from there"), message);
    long have = Files.size(part);
    assertTrue(have > 0 && have <= SIZE / 2, "has " + have);
    server.manner(FileServer.Manner.RANGES);
    fetch();
    assertEquals("/a/file.zip bytes=" + have + "-", server.requests().get(1));
  }

  @Test
  @Timeout(60)
  void aServerThatSendsNothingMoreIsGivenUp() throws IOException {
    server.manner(FileServer.Manner.STALLED);
    String message =
        String.valueOf(
            assertThrows(
                    IllegalStateException.class,
                    () -> file().fetch(target, Progress.NONE, Duration.ofSeconds(1)))
                .getMessage());
    assertTrue(message.contains("nothing came for 1 s"), message);
    assertTrue(message.contains("the same command goes on from there"), message);
    server.manner(FileServer.Manner.RANGES);
    fetch();
  }

  @Test
  void anotherChecksum() {
    byte[] expected = content.clone();
    expected[5]++;
    String message = failure(file(server.root().resolve("a/file.zip"), expected));
    assertTrue(message.contains("expected a file of SHA-256 "), message);
    assertTrue(message.contains("found " + Hashing.sha256().hashBytes(content) + "; "), message);
    assertFalse(Files.exists(part));
  }

  @Test
  void anotherSize() {
    byte[] expected = Arrays.copyOf(content, SIZE - 1);
    assertTrue(
        failure(file(server.root().resolve("a/file.zip"), expected))
            .contains("expected " + (SIZE - 1) + " bytes, found " + SIZE));
  }

  @Test
  void aPartOfAFileThatHasChanged() throws IOException {
    Files.write(part, new byte[10]);
    byte[] expected = Arrays.copyOf(content, SIZE - 1);
    assertTrue(
        failure(file(server.root().resolve("a/file.zip"), expected))
            .contains(
                "expected bytes 10-200001/200002, found bytes 10-200002/200003; delete the .part"));
  }

  @Test
  void noSuchFile() {
    assertTrue(
        failure(file(server.root().resolve("b/file.zip"), content))
            .contains("expected the file, found status 404; it may have moved"));
  }

  @Test
  void noNetwork() throws IOException {
    // A port that is taken, where nobody listens.
    try (Socket taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      URI url = URI.create("http://127.0.0.1:" + taken.getLocalPort() + "/file.zip");
      String message = failure(file(url, content));
      assertTrue(message.contains("cannot be reached (java.net.ConnectException"), message);
      assertTrue(message.contains("check the network or the proxy"), message);
    }
  }

  @Test
  void twoAtOnce() throws IOException {
    try (FileChannel other =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertTrue(other.tryLock() != null);
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> file().fetch(target, Progress.NONE));
      assertEquals(
          part + ": another process is fetching it; wait for its end", refused.getMessage());
    }
  }
}
