package io.squat.savedmodels;

import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Lets the inputs of the linear layers pass through quantizers whose step sizes are constants.
 *
 * <p>Invariant: every layer input has one quantizer, however many layers read it, and it rounds as
 * the training graph's does.
 */
final class QuantizeActivations implements RewritePass {
  private final BertStructure structure;
  private final QuantizationGrid grid;
  private final Constants constants;

  QuantizeActivations(BertStructure structure, QuantizationGrid grid, Constants constants) {
    this.structure = structure;
    this.grid = grid;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (String input : structure.layerInputs()) {
      float stepSize = constants.stepSize(input);
      String quantized =
          Fragment.add(
                  editor,
                  GraphEditor.producer(input) + "/quantize",
                  List.of(new Fragment.Input(input, DataType.DT_FLOAT, Shape.unknown())),
                  (tf, in) ->
                      List.of(
                          FakeQuant.quantize(
                              tf, in.get(0).asOutput().expect(TFloat32.class), stepSize, grid)))
              .get(0);
      for (LinearLayer layer : structure.layers()) {
        if (layer.input().equals(input)) {
          editor.setInput(new GraphEditor.Use(layer.product(), 0), quantized);
        }
      }
    }
    return model.with(editor);
  }
}
