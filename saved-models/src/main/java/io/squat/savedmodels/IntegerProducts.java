package io.squat.savedmodels;

import io.squat.ops.QuantizedLinear;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/**
 * Lets the layers whose input and kernel are quantized multiply integers in the training graph.
 *
 * <p>Invariant: a layer's output, under its old name, is to the last bit what {@link IntegerLayers}
 * serves; its gradients are those of the product of the values. The integers of an input and of a
 * kernel are there once, however many layers share them. Other layers stay as they are.
 */
final class IntegerProducts implements RewritePass {
  private final BertStructure structure;

  IntegerProducts(BertStructure structure) {
    this.structure = structure;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    Work work = new Work(model);
    for (LinearLayer layer : structure.layers()) {
      Quantizer input = work.quantizers.get(layer.input());
      Quantizer kernel = work.quantizers.get(layer.weight());
      if (input != null && kernel != null) {
        work.replace(layer, input, kernel);
      }
    }
    return model.with(work.editor);
  }

  private static final class Work {
    private final ModelGraph model;
    private final GraphEditor editor;
    private final Map<String, Quantizer> quantizers;
    private final Map<String, String> integers = new HashMap<>();

    Work(ModelGraph model) {
      this.model = model;
      this.editor = model.edit();
      this.quantizers =
          model.quantizers().stream()
              .filter(quantizer -> quantizer.kind() != Quantizer.Kind.EMBEDDING)
              .collect(Collectors.toMap(Quantizer::source, Function.identity()));
    }

    void replace(LinearLayer layer, Quantizer input, Quantizer kernel) {
      NodeDef product = editor.node(layer.product());
      List<String> tensors = new ArrayList<>();
      // The product's own inputs: the kernel's values have a perturbation where there is one.
      tensors.addAll(List.of(GraphEditor.input(product, 0), integers(input), step(input)));
      tensors.addAll(List.of(GraphEditor.input(product, 1), integers(kernel), step(kernel)));
      if (layer.bias() != null) {
        tensors.add(model.variable(layer.bias()).read());
      }
      int columns = Math.toIntExact(model.variable(layer.weight()).shape().get(1));
      String output =
          add(
              layer.product() + "/integers",
              tensors,
              (tf, in) ->
                  QuantizedLinear.matMul(
                      tf,
                      new QuantizedLinear.Quantized(in.get(0), in.get(1), in.get(2)),
                      new QuantizedLinear.Quantized(in.get(3), in.get(4), in.get(5)),
                      in.size() > 6 ? in.get(6) : tf.constant(new float[columns])));
      editor.put(Nodes.identity(layer.output(), output, DataType.DT_FLOAT));
    }

    /** The integers of a quantizer's result, and a kernel's perturbation in steps. */
    private String integers(Quantizer quantizer) {
      return integers.computeIfAbsent(
          quantizer.source(),
          source -> {
            List<String> tensors = new ArrayList<>();
            tensors.add(quantizer.sites().get(0).output());
            tensors.add(step(quantizer));
            AddPerturbations.of(model, quantizer).ifPresent(e -> tensors.add(e.read()));
            return add(
                GraphEditor.producer(source) + "/integers",
                tensors,
                (tf, in) -> {
                  Operand<TFloat32> whole = QuantizedLinear.integers(tf, in.get(0), in.get(1));
                  return in.size() > 2
                      ? tf.math.add(whole, tf.math.div(in.get(2), in.get(1)))
                      : whole;
                });
          });
    }

    private String step(Quantizer quantizer) {
      return model.variable(quantizer.stepSize()).read();
    }

    private String add(
        String scope,
        List<String> tensors,
        BiFunction<Ops, List<Operand<TFloat32>>, Operand<TFloat32>> builder) {
      List<Fragment.Input> inputs = new ArrayList<>();
      tensors.forEach(
          tensor -> inputs.add(new Fragment.Input(tensor, DataType.DT_FLOAT, Shape.unknown())));
      return Fragment.add(
              editor,
              scope,
              inputs,
              (tf, in) -> {
                List<Operand<TFloat32>> floats = new ArrayList<>();
                in.forEach(operand -> floats.add(operand.asOutput().expect(TFloat32.class)));
                return List.of(builder.apply(tf, floats));
              })
          .get(0);
    }
  }
}
