package io.squat.savedmodels;

import java.util.List;
import org.tensorflow.ndarray.Shape;

/**
 * A float32 tensor of a checkpoint.
 *
 * @param key its key
 * @param shape its dimensions
 */
public record StoredTensor(String key, List<Long> shape) {
  /** Copies the shape. */
  public StoredTensor {
    shape = List.copyOf(shape);
  }

  /**
   * Checks what was found under the key.
   *
   * @throws IllegalArgumentException if it has another shape
   */
  void check(Shape found) {
    Shape expected = Shape.of(shape.stream().mapToLong(Long::longValue).toArray());
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(
          "checkpoint: expected " + key + " of shape " + expected + ", found " + found);
    }
  }
}
