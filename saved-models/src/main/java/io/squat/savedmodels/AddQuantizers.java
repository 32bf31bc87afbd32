package io.squat.savedmodels;

import com.google.common.primitives.Longs;
import io.squat.ops.Granularity;
import io.squat.ops.LsqQuantizer;
import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Lets the kernels and inputs of the linear layers and the rows of the embedding tables pass
 * through quantizers with learned step sizes.
 *
 * <p>Invariant: every kernel has one quantizer, every layer input has one, however many layers read
 * it, and every table has one step, however often it is looked up. A kernel has one step or one for
 * each output channel, by the quantization's granularity. Rows are quantized after the lookup: with
 * one step a table that gives the same rows as before it, and the same gradients, for the rows of a
 * batch alone. Rows that are a layer's input pass through the table's quantizer and then through
 * the input's. Layer norms, softmax, residuals, biases and the task head stay float.
 */
final class AddQuantizers implements RewritePass {
  private final Quantization quantization;
  private final BertStructure structure;

  /**
   * Makes the pass.
   *
   * @param quantization what to quantize
   * @param structure the structure of the model that the pass is applied to
   */
  AddQuantizers(Quantization quantization, BertStructure structure) {
    this.quantization = quantization;
    this.structure = structure;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    Work work = new Work(model);
    quantization
        .grid(Quantizer.Kind.EMBEDDING)
        .ifPresent(grid -> work.embeddings(structure.embeddings(), grid));
    quantization
        .grid(Quantizer.Kind.WEIGHT)
        .ifPresent(
            grid ->
                work.weights(
                    structure.layers(), grid, quantization.granularity(Quantizer.Kind.WEIGHT)));
    quantization
        .grid(Quantizer.Kind.ACTIVATION)
        .ifPresent(grid -> work.activations(structure.layers(), grid));
    return model.withQuantizers(work.editor, work.variables, work.quantizers);
  }

  /**
   * A step size.
   *
   * @param shape its dimensions
   * @param sharing how many values share one of its numbers
   */
  private record Step(List<Long> shape, long sharing) {
    static Step ofTensor(long size) {
      return new Step(List.of(), size);
    }

    static Step ofKernel(ModelVariable kernel, Granularity granularity) {
      long out = kernel.shape().get(1);
      return new Step(granularity.stepShape(out), kernel.size() / granularity.steps(out));
    }
  }

  private static final class Work {
    private final ModelGraph model;
    private final GraphEditor editor;
    private final List<ModelVariable> variables;
    private final List<Quantizer> quantizers = new ArrayList<>();

    Work(ModelGraph model) {
      this.model = model;
      this.editor = model.edit();
      this.variables = new ArrayList<>(model.variables());
    }

    void embeddings(List<EmbeddingLookup> lookups, QuantizationGrid grid) {
      Map<String, List<String>> byTable = new LinkedHashMap<>();
      lookups.forEach(
          lookup ->
              byTable.computeIfAbsent(lookup.table(), key -> new ArrayList<>()).add(lookup.node()));
      byTable.forEach(
          (table, tensors) ->
              add(
                  Quantizer.Kind.EMBEDDING,
                  table,
                  grid,
                  Step.ofTensor(model.variable(table).size()),
                  tensors,
                  Set.of()));
    }

    void weights(List<LinearLayer> layers, QuantizationGrid grid, Granularity granularity) {
      Map<String, Set<String>> products = new LinkedHashMap<>();
      layers.forEach(
          layer ->
              products
                  .computeIfAbsent(layer.weight(), key -> new HashSet<>())
                  .add(layer.product()));
      products.forEach(
          (weight, users) -> {
            ModelVariable variable = model.variable(weight);
            add(
                Quantizer.Kind.WEIGHT,
                weight,
                grid,
                Step.ofKernel(variable, granularity),
                List.of(variable.read()),
                users);
          });
    }

    void activations(List<LinearLayer> layers, QuantizationGrid grid) {
      Map<String, Set<String>> products = new LinkedHashMap<>();
      Map<String, Long> features = new LinkedHashMap<>();
      for (LinearLayer layer : layers) {
        products.computeIfAbsent(layer.input(), key -> new HashSet<>()).add(layer.product());
        features.put(layer.input(), model.variable(layer.weight()).shape().get(0));
      }
      Map<String, String> rows = new HashMap<>();
      quantizers.stream()
          .filter(quantizer -> quantizer.kind() == Quantizer.Kind.EMBEDDING)
          .flatMap(table -> table.sites().stream())
          .forEach(lookup -> rows.put(lookup.input(), lookup.output()));
      products.forEach(
          (input, users) ->
              add(
                  Quantizer.Kind.ACTIVATION,
                  input,
                  grid,
                  Step.ofTensor(features.getOrDefault(input, 1L)),
                  List.of(rows.getOrDefault(input, input)),
                  users));
    }

    /** Adds one quantizer: in front of {@code users}, or of all that use the tensors if empty. */
    private void add(
        Quantizer.Kind kind,
        String source,
        QuantizationGrid grid,
        Step step,
        List<String> tensors,
        Set<String> users) {
      ModelVariable stepSize = stepSize(source, step.shape());
      float gradientScale = LsqQuantizer.gradientScale(step.sharing(), grid);
      List<Quantizer.Site> sites = new ArrayList<>();
      for (String tensor : tensors) {
        List<GraphEditor.Use> uses = editor.uses(tensor);
        String quantized =
            Fragment.add(
                    editor,
                    GraphEditor.producer(tensor) + "/quantize",
                    List.of(
                        new Fragment.Input(tensor, DataType.DT_FLOAT, Shape.unknown()),
                        new Fragment.Input(
                            stepSize.read(),
                            DataType.DT_FLOAT,
                            Shape.of(Longs.toArray(step.shape())))),
                    (tf, in) ->
                        List.of(
                            LsqQuantizer.quantize(
                                tf,
                                in.get(0).asOutput().expect(TFloat32.class),
                                in.get(1).asOutput().expect(TFloat32.class),
                                grid,
                                gradientScale)))
                .get(0);
        for (GraphEditor.Use use : uses) {
          if (users.isEmpty() || users.contains(use.node())) {
            editor.setInput(use, quantized);
          }
        }
        sites.add(new Quantizer.Site(tensor, quantized));
      }
      quantizers.add(new Quantizer(kind, source, stepSize.name(), grid, sites));
    }

    private ModelVariable stepSize(String source, List<Long> shape) {
      ModelVariable step =
          new ModelVariable(Quantizer.stepSizeName(source), null, shape, VariableGroup.STEP_SIZES);
      editor.put(Nodes.variable(step.name(), DataType.DT_FLOAT, step.shape()));
      editor.put(Nodes.identity(step.read(), step.name(), DataType.DT_FLOAT));
      variables.add(step);
      return step;
    }
  }
}
