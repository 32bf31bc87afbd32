package io.squat.savedmodels;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The file against one that Python wrote with TensorFlow Serving's own classes. */
class WarmUpRequestsTest {
  private static final List<String> INPUTS = List.of("segment_ids", "input_mask", "input_ids");

  /** The formula of {@code make_requests.py}. */
  private static WarmUpRequests.Batch batch(int rows, int length) {
    return new WarmUpRequests.Batch(
        rows,
        length,
        IntStream.range(0, rows * length).mapToObj(i -> 7 * i * i * i % 30522 + 1).toList());
  }

  private static WarmUpRequests.Batch ofLargeIds(int rows, int length) {
    return new WarmUpRequests.Batch(rows, length, Collections.nCopies(rows * length, 30521));
  }

  @Test
  void theBytesAreThoseOfPython() throws IOException {
    try (InputStream python =
        requireNonNull(getClass().getResourceAsStream("warm-up/requests.tfrecord"))) {
      assertArrayEquals(
          python.readAllBytes(),
          WarmUpRequests.file("cola", INPUTS, List.of(batch(3, 5), batch(2, 3))));
    }
  }

  @Test
  void aModelWithoutSegmentsIsAskedWithoutThem() {
    byte[] with = WarmUpRequests.file("cola", INPUTS, List.of(batch(2, 3)));
    byte[] without =
        WarmUpRequests.file("cola", List.of("input_ids", "input_mask"), List.of(batch(2, 3)));
    assertTrue(new String(with, ISO_8859_1).contains("segment_ids"));
    assertFalse(new String(without, ISO_8859_1).contains("segment_ids"));
  }

  /** 41 rows at each of three lengths of 512 tokens, the most that BERT has. */
  @Test
  void theLongestRequestsOfBertFit() {
    List<WarmUpRequests.Batch> batches = new ArrayList<>();
    for (int rows : new int[] {1, 8, 32}) {
      for (int length : new int[] {510, 511, 512}) {
        batches.add(ofLargeIds(rows, length));
      }
    }
    byte[] file = WarmUpRequests.file("cola", INPUTS, batches);
    assertTrue(file.length <= WarmUpRequests.MAX_BYTES, file.length + " bytes");
    assertEquals(9, recordLengths(file).size());
  }

  @Test
  void theLargestAreLeftOutOfTooMany() {
    byte[] file =
        WarmUpRequests.file(
            "cola",
            INPUTS,
            List.of(ofLargeIds(32, 4096), ofLargeIds(1, 4096), ofLargeIds(8, 4096)));
    assertTrue(file.length <= WarmUpRequests.MAX_BYTES, file.length + " bytes");
    List<Long> lengths = recordLengths(file);
    assertEquals(2, lengths.size());
    assertTrue(lengths.get(0) > 3 * 4096 && lengths.get(1) > 8 * 3 * 4096, lengths.toString());
  }

  private static List<Long> recordLengths(byte[] file) {
    List<Long> lengths = new ArrayList<>();
    ByteBuffer records = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    while (records.hasRemaining()) {
      long length = records.getLong();
      lengths.add(length);
      records.position(records.position() + Math.toIntExact(length) + 8);
    }
    return lengths;
  }

  @Test
  void idsFillTheShape() {
    assertEquals(
        "warm-up batch: expected ids [2, 3] of at least one row and token, found 5 ids",
        assertThrows(
                IllegalArgumentException.class,
                () -> new WarmUpRequests.Batch(2, 3, List.of(1, 2, 3, 4, 5)))
            .getMessage());
  }
}
