package io.squat.savedmodels;

import com.google.common.math.LongMath;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A float32 variable of a {@link ModelGraph}: the node {@code name} (a VariableV2) with its one
 * read {@code name/read}.
 *
 * @param name the name of the variable's node
 * @param stored the tensor of the checkpoint of the model that was read, with the same values in
 *     the same order; null when it is not in there (a head, a step size)
 * @param shape the dimensions, all known
 * @param group the group that the variable is trained in
 */
public record ModelVariable(
    String name, @Nullable StoredTensor stored, List<Long> shape, VariableGroup group) {

  /** Checks that every dimension is known. */
  public ModelVariable {
    shape = List.copyOf(shape);
    if (shape.stream().anyMatch(dimension -> dimension < 0)) {
      throw new IllegalArgumentException(
          "variable " + name + ": expected a fully known shape, found " + shape);
    }
  }

  /** The tensor that this variable is in a checkpoint of ours. */
  public StoredTensor own() {
    return new StoredTensor(name, shape);
  }

  /** The tensor that holds the variable's value. */
  public String read() {
    return name + "/read";
  }

  /** The number of elements; the largest long if it is more. */
  public long size() {
    return size(shape);
  }

  /** The number of elements of a shape that is known; the largest long if it is more. */
  static long size(List<Long> shape) {
    return shape.stream().reduce(1L, LongMath::saturatedMultiply);
  }
}
