package io.squat.savedmodels;

import io.squat.ops.FakeQuant;
import io.squat.ops.Granularity;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Stores the kernels of linear layers as integers, and makes float32 of them when the graph runs:
 * for GPUs and for a TensorFlow without the integer kernels.
 *
 * <p>Invariant: every linear layer multiplies with integers of the grid times {@link
 * FakeQuant#scale}, which is the learned step size but for its last bit.
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
      String integers = constants.kernel(editor, kernel, grid, granularity);
      StepSize scale = FakeQuant.scale(constants.stepSize(kernel, granularity), grid);
      String unpacked =
          Fragment.add(
                  editor,
                  weight + "/values",
                  List.of(new Fragment.Input(integers, DataType.DT_INT8, Shape.unknown())),
                  (tf, in) ->
                      List.of(
                          tf.math.mul(
                              tf.dtypes.cast(in.get(0), TFloat32.class), scale.constant(tf))))
              .get(0);
      for (LinearLayer layer : structure.layers()) {
        if (layer.weight().equals(weight)) {
          editor.setInput(new GraphEditor.Use(layer.product(), 1), unpacked);
        }
      }
    }
    return model.with(editor);
  }
}
