package io.squat.savedmodels;

import com.google.common.primitives.Longs;
import io.squat.ops.BitPacking;
import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Stores the kernels of linear layers as packed integers, and unpacks them to float32 when the
 * graph runs: for machines without the integer kernels.
 *
 * <p>Invariant: every linear layer multiplies with integers of the grid times the learned step
 * size.
 */
final class UnpackKernels implements RewritePass {
  private final BertStructure structure;
  private final QuantizationGrid grid;
  private final Constants constants;

  UnpackKernels(BertStructure structure, QuantizationGrid grid, Constants constants) {
    this.structure = structure;
    this.grid = grid;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (String weight : structure.layers().stream().map(LinearLayer::weight).distinct().toList()) {
      ModelVariable kernel = model.variable(weight);
      NodeDef packed = constants.packed(kernel, () -> constants.weights(kernel, grid));
      editor.put(packed);
      float scale = FakeQuant.scale(constants.stepSize(weight), grid);
      String unpacked =
          Fragment.add(
                  editor,
                  weight + "/unpack",
                  List.of(new Fragment.Input<>(packed.getName(), TInt32.class, Shape.unknown())),
                  (tf, in) ->
                      List.of(unpack(tf, in.get(0).asOutput().expect(TInt32.class), kernel, scale)))
              .get(0);
      for (LinearLayer layer : structure.layers()) {
        if (layer.weight().equals(weight)) {
          editor.setInput(new GraphEditor.Use(layer.product(), 1), unpacked);
        }
      }
    }
    return model.with(editor);
  }

  private Operand<TFloat32> unpack(
      Ops tf, Operand<TInt32> words, ModelVariable kernel, float scale) {
    long[] shape = Longs.toArray(kernel.shape());
    return tf.math.mul(
        tf.dtypes.cast(BitPacking.unpack(tf, words, grid.bits(), shape), TFloat32.class),
        tf.constant(scale));
  }
}
