package io.squat.savedmodels;

import java.util.Map;
import java.util.stream.Collectors;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Makes every Einsum of two activations, such as {@code aecd,abcd->acbe}, a batched product of
 * transposed operands, so that attention is found the same way everywhere.
 *
 * <p>Invariant: the outputs' values stay the same. An Einsum that sums over several axes, has
 * several free axes of one operand, or is not of float32, stays as it is.
 */
final class CanonicalEinsum implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Map<String, ModelVariable> reads =
        model.variables().stream()
            .collect(Collectors.toMap(ModelVariable::read, variable -> variable));
    for (NodeDef node : editor.nodes()) {
      Einsum.of(node)
          .filter(equation -> isBatchedProduct(equation))
          .filter(equation -> node.getAttrOrThrow("T").getType() == DataType.DT_FLOAT)
          .filter(equation -> node.getInputList().stream().noneMatch(reads::containsKey))
          .ifPresent(equation -> product(editor, node, equation));
    }
    return model.with(editor);
  }

  private static boolean isBatchedProduct(Einsum equation) {
    String all = equation.first() + equation.second() + equation.output();
    int axes = equation.batch().length() + 2;
    return !all.contains(".")
        && equation.summed().length() == 1
        && equation.freeOfFirst().length() == 1
        && equation.freeOfSecond().length() == 1
        && equation.first().length() == axes
        && equation.second().length() == axes
        && equation.output().length() == axes;
  }

  private static void product(GraphEditor editor, NodeDef node, Einsum equation) {
    String output = equation.output();
    boolean inOrder =
        output.indexOf(equation.freeOfFirst()) < output.indexOf(equation.freeOfSecond());
    Einsum ordered = inOrder ? equation : equation.swapped();
    String left = GraphEditor.input(node, inOrder ? 0 : 1);
    String right = GraphEditor.input(node, inOrder ? 1 : 0);
    String batch = ordered.batch();
    String first = ordered.freeOfFirst();
    String second = ordered.freeOfSecond();
    String summed = ordered.summed();
    String product = editor.freshName(node.getName() + "/product");
    editor.put(
        Nodes.batchMatMul(
            product,
            transpose(editor, node, left, ordered.first(), batch + first + summed),
            transpose(editor, node, right, ordered.second(), batch + second + summed),
            true));
    String result = transpose(editor, node, product, batch + first + second, ordered.output());
    editor.put(Nodes.identity(node.getName(), result, DataType.DT_FLOAT));
  }

  private static String transpose(
      GraphEditor editor, NodeDef node, String tensor, String from, String to) {
    if (from.equals(to)) {
      return tensor;
    }
    String name = editor.freshName(node.getName() + "/transpose");
    String permutation = name + "/permutation";
    editor.put(Nodes.vector(permutation, to.chars().map(from::indexOf).toArray()));
    editor.put(Nodes.transpose(name, tensor, permutation));
    return name;
  }
}
