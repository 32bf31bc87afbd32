package io.squat.savedmodels;

import java.util.List;
import java.util.Optional;
import org.tensorflow.proto.NodeDef;

/**
 * The equation of an Einsum of two tensors, such as {@code abc,cde->abde}.
 *
 * @param first the axes of the first tensor
 * @param second the axes of the second
 * @param output the axes of the result
 */
record Einsum(String first, String second, String output) {

  /** The equation of a node; empty if it is no Einsum of two tensors. */
  static Optional<Einsum> of(NodeDef node) {
    if (!node.getOp().equals("Einsum") || node.getInputCount() != 2) {
      return Optional.empty();
    }
    String equation = node.getAttrOrThrow("equation").getS().toStringUtf8().replace(" ", "");
    List<String> sides = List.of(equation.split("->", -1));
    List<String> operands = List.of(sides.get(0).split(",", -1));
    return sides.size() == 2 && operands.size() == 2
        ? Optional.of(new Einsum(operands.get(0), operands.get(1), sides.get(1)))
        : Optional.empty();
  }

  /** The same with its operands in the other order. */
  Einsum swapped() {
    return new Einsum(second, first, output);
  }

  /**
   * How many axes are summed over, where this is the product of rows with a matrix: {@code ROWS K,
   * K N -> ROWS N}, each letter standing for one or more axes.
   *
   * @return 0 where it is not
   */
  int matrixAxes() {
    for (int axes = 1; axes < Math.min(second.length(), first.length() + 1); axes++) {
      String rows = first.substring(0, first.length() - axes);
      String summed = first.substring(first.length() - axes);
      String free = second.substring(axes);
      if (second.startsWith(summed)
          && !summed.contains(".")
          && output.equals(rows + free)
          && free.chars().noneMatch(axis -> rows.indexOf(axis) >= 0)
          && summed.chars().noneMatch(axis -> output.indexOf(axis) >= 0)) {
        return axes;
      }
    }
    return 0;
  }

  /** The axes that are in all three tensors, in the order of the result. */
  String batch() {
    return only(output, axis -> in(first, axis) && in(second, axis));
  }

  /** The axes that are summed over, in the order of the first tensor. */
  String summed() {
    return only(first, axis -> in(second, axis) && !in(output, axis));
  }

  /** The axes of the first tensor that the second does not have. */
  String freeOfFirst() {
    return only(first, axis -> !in(second, axis) && in(output, axis));
  }

  /** The axes of the second tensor that the first does not have. */
  String freeOfSecond() {
    return only(second, axis -> !in(first, axis) && in(output, axis));
  }

  private static boolean in(String axes, int axis) {
    return axes.indexOf(axis) >= 0;
  }

  private static String only(String axes, java.util.function.IntPredicate kept) {
    return axes.chars()
        .filter(kept)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
