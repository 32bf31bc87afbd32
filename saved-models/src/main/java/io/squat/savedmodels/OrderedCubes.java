package io.squat.savedmodels;

import io.squat.ops.StraightThrough;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/**
 * Writes the cube in a GELU by tanh so that there is one way to compute it.
 *
 * <pre>
 * c * Pow(x, 3)   becomes   (c * x) * Square(x)
 * Pow(x, 3)       becomes   x * Square(x)
 * </pre>
 *
 * <p>Invariant: outputs stay the same but for the last bit, gradients are those of the power.
 * TensorFlow itself replaces the power by products and then moves the factor to whichever of them
 * comes first by name: the training graph and the packed one would differ in the last bit, and then
 * in the integers of the next layer's input.
 */
final class OrderedCubes implements RewritePass {
  private static final float CUBE = 3;

  /** What takes the place of a cube. */
  private interface Replacement {
    Operand<TFloat32> of(Ops tf, Operand<TFloat32> ordered, Operand<TFloat32> power);
  }

  private final Replacement replacement;

  private OrderedCubes(Replacement replacement) {
    this.replacement = replacement;
  }

  /** The ordered products alone. */
  static OrderedCubes forServing() {
    return new OrderedCubes((tf, ordered, power) -> ordered);
  }

  /** The ordered products forwards and the power backwards, whose gradient stays as it was. */
  static OrderedCubes forTraining() {
    return new OrderedCubes(StraightThrough::of);
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (NodeDef node : model.graph().getNodeList()) {
      if (node.getOp().equals("Pow")
          && Nodes.scalarValue(editor.node(node.getInput(1)))
              .filter(power -> power == CUBE)
              .isPresent()) {
        replace(editor, node);
      }
    }
    return model.with(editor);
  }

  private void replace(GraphEditor editor, NodeDef pow) {
    Optional<NodeDef> product =
        editor.onlyConsumer(pow.getName()).filter(node -> node.getOp().equals("Mul"));
    Optional<Float> factor =
        product.flatMap(
            node ->
                node.getInputList().stream()
                    .flatMap(input -> Nodes.scalarValue(editor.node(input)).stream())
                    .findFirst());
    NodeDef replaced = factor.isPresent() ? product.orElseThrow() : pow;
    String power = editor.freshName(replaced.getName() + "/power");
    editor.put(replaced.toBuilder().setName(power).build());
    String cube =
        Fragment.add(
                editor,
                replaced.getName() + "/cube",
                List.of(
                    new Fragment.Input(pow.getInput(0), DataType.DT_FLOAT, Shape.unknown()),
                    new Fragment.Input(power, DataType.DT_FLOAT, Shape.unknown())),
                (tf, in) -> {
                  Operand<TFloat32> x = in.get(0).asOutput().expect(TFloat32.class);
                  return List.of(
                      replacement.of(
                          tf, ordered(tf, x, factor), in.get(1).asOutput().expect(TFloat32.class)));
                })
            .get(0);
    editor.put(Nodes.identity(replaced.getName(), cube, DataType.DT_FLOAT));
  }

  private static Operand<TFloat32> ordered(Ops tf, Operand<TFloat32> x, Optional<Float> factor) {
    Operand<TFloat32> scaled = factor.isPresent() ? tf.math.mul(tf.constant(factor.get()), x) : x;
    return tf.math.mul(scaled, tf.math.square(x));
  }
}
