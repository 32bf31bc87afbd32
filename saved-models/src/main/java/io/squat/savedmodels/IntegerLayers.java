package io.squat.savedmodels;

import com.google.common.primitives.Floats;
import com.google.common.primitives.Longs;
import io.squat.ops.Granularity;
import io.squat.ops.IntegerLinear;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Lets the linear layers multiply in 8-bit integers, with kernels that are stored as integers.
 *
 * <p>Invariant: a layer's output is that of the training graph on the same integers of its input,
 * and stands under its old name. An input is quantized once, however many layers read it; a kernel
 * is stored once, however many layers it belongs to.
 */
final class IntegerLayers implements RewritePass {
  private final BertStructure structure;
  private final QuantizationGrid weightGrid;
  private final Granularity granularity;
  private final QuantizationGrid inputGrid;
  private final Constants constants;

  IntegerLayers(
      BertStructure structure,
      QuantizationGrid weightGrid,
      Granularity granularity,
      QuantizationGrid inputGrid,
      Constants constants) {
    this.structure = structure;
    this.weightGrid = weightGrid;
    this.granularity = granularity;
    this.inputGrid = inputGrid;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (String input : structure.layerInputs()) {
      addLayers(
          model,
          editor,
          input,
          structure.layers().stream().filter(layer -> layer.input().equals(input)).toList());
    }
    return model.with(editor);
  }

  /** What a layer multiplies with. */
  private record Kernel(StepSize stepSize, List<Float> foldedBias) {}

  private void addLayers(
      ModelGraph model, GraphEditor editor, String input, List<LinearLayer> layers) {
    float inputStep = constants.stepSize(input);
    List<Fragment.Input> inputs = new ArrayList<>();
    inputs.add(new Fragment.Input(input, DataType.DT_FLOAT, Shape.unknown()));
    List<Kernel> kernels = new ArrayList<>();
    for (LinearLayer layer : layers) {
      ModelVariable variable = model.variable(layer.weight());
      QuantizedWeights weights = constants.weights(variable, weightGrid, granularity);
      inputs.add(
          new Fragment.Input(
              constants.kernel(editor, variable, weightGrid, granularity),
              DataType.DT_INT8,
              Shape.of(Longs.toArray(variable.shape()))));
      kernels.add(kernel(model, layer, weights, inputStep));
    }
    List<String> outputs =
        Fragment.add(
            editor,
            GraphEditor.producer(input) + "/integer",
            inputs,
            (tf, in) -> products(tf, in, inputStep, kernels));
    for (int i = 0; i < layers.size(); i++) {
      editor.put(Nodes.identity(layers.get(i).output(), outputs.get(i), DataType.DT_FLOAT));
    }
  }

  private Kernel kernel(
      ModelGraph model, LinearLayer layer, QuantizedWeights weights, float inputStep) {
    ModelVariable variable = model.variable(layer.weight());
    float[] bias =
        layer.bias() == null
            ? new float[Math.toIntExact(variable.shape().get(1))]
            : constants.variableValues(model.variable(layer.bias()));
    return new Kernel(
        weights.stepSize(),
        Floats.asList(
            IntegerLinear.foldBias(bias, weights.integers(), inputStep, weights.stepSize())));
  }

  private List<Operand<TFloat32>> products(
      Ops tf, List<Operand<?>> in, float inputStep, List<Kernel> kernels) {
    IntegerLinear.QuantizedInput quantized =
        IntegerLinear.quantizeInput(
            tf, in.get(0).asOutput().expect(TFloat32.class), inputStep, inputGrid);
    List<Operand<TFloat32>> products = new ArrayList<>();
    for (int i = 0; i < kernels.size(); i++) {
      Kernel kernel = kernels.get(i);
      products.add(
          IntegerLinear.matMul(
              tf,
              quantized,
              in.get(i + 1).asOutput(),
              kernel.stepSize(),
              tf.constant(Floats.toArray(kernel.foldedBias()))));
    }
    return products;
  }
}
