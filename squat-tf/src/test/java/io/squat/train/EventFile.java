package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

/**
 * Reads an event file by the format's definition.
 *
 * <pre>
 * record = uint64 length, uint32 masked CRC-32C of it, bytes, uint32 masked CRC-32C of them
 * </pre>
 */
final class EventFile {
  private static final int MASK_DELTA = 0xa282ead8;

  private EventFile() {}

  /**
   * The values of a stage's one event file.
   *
   * @return by step and tag; fails if one is there twice
   */
  static Map<String, Float> summaries(Path run, String stage) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(run.resolve(stage).resolve("tensorboard"))) {
      files = found.toList();
    }
    assertEquals(1, files.size(), files.toString());
    // TensorBoard takes a file for one of events by this.
    assertTrue(files.get(0).getFileName().toString().contains("tfevents"), files.toString());
    Map<String, Float> values = new LinkedHashMap<>();
    for (Event event : events(files.get(0))) {
      for (Summary.Value value : event.getSummary().getValueList()) {
        String key = event.getStep() + " " + value.getTag();
        assertEquals(null, values.put(key, value.getSimpleValue()), key);
      }
    }
    return values;
  }

  private static List<Event> events(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      int length =
          Math.toIntExact(
              ByteBuffer.wrap(record(bytes, 8)).order(ByteOrder.LITTLE_ENDIAN).getLong());
      events.add(Event.parseFrom(record(bytes, length)));
    }
    return events;
  }

  private static byte[] record(ByteBuffer bytes, int length) {
    byte[] content = new byte[length];
    bytes.get(content);
    int crc = Hashing.crc32c().hashBytes(content).asInt();
    assertEquals(Integer.rotateRight(crc, 15) + MASK_DELTA, bytes.getInt());
    return content;
  }
}
