package io.squat.savedmodels;

import com.google.common.primitives.Longs;
import io.squat.ops.FakeQuant;
import io.squat.ops.Granularity;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/**
 * Stores the kernels of linear layers as integers, and makes float32 of them when the graph runs:
 * for machines without the integer kernels.
 *
 * <p>Invariant: every linear layer multiplies with integers of the grid times the learned step
 * size.
 */
final class UnpackKernels implements RewritePass {
  private final BertStructure structure;
  private final QuantizationGrid grid;
  private final Granularity granularity;
  private final Constants constants;

  UnpackKernels(
      BertStructure structure,
      QuantizationGrid grid,
      Granularity granularity,
      Constants constants) {
    this.structure = structure;
    this.grid = grid;
    this.granularity = granularity;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (String weight : structure.layers().stream().map(LinearLayer::weight).distinct().toList()) {
      ModelVariable kernel = model.variable(weight);
      QuantizedWeights weights = constants.weights(kernel, grid, granularity);
      NodeDef integers = constants.kernel(kernel, grid, weights);
      editor.put(integers);
      StepSize scale = FakeQuant.scale(weights.stepSize(), grid);
      String unpacked =
          Fragment.add(
                  editor,
                  weight + "/unpack",
                  List.of(Constants.input(integers)),
                  (tf, in) -> List.of(unpack(tf, in.get(0), kernel, scale)))
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
      Ops tf, Operand<?> integers, ModelVariable kernel, StepSize scale) {
    long[] shape = Longs.toArray(kernel.shape());
    return tf.math.mul(
        tf.dtypes.cast(
            constants.storage().kernel(tf, integers, DataType.DT_INT8, grid.bits(), shape),
            TFloat32.class),
        scale.constant(tf));
  }
}
