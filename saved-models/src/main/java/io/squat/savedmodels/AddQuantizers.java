package io.squat.savedmodels;

import io.squat.ops.LsqQuantizer;
import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
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
 * it, and every table has one step, however often it is looked up. Rows are quantized after the
 * lookup: with one step a table that gives the same rows as before it, and the same gradients, for
 * the rows of a batch alone. Layer norms, softmax, residuals, biases and the task head stay float.
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
        .ifPresent(grid -> work.weights(structure.layers(), grid));
    quantization
        .grid(Quantizer.Kind.ACTIVATION)
        .ifPresent(grid -> work.activations(structure.layers(), grid));
    return model.withQuantizers(work.editor, work.variables, work.quantizers);
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
                  model.variable(table).size(),
                  tensors,
                  Set.of()));
    }

    void weights(List<LinearLayer> layers, QuantizationGrid grid) {
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
                variable.size(),
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
      products.forEach(
          (input, users) ->
              add(
                  Quantizer.Kind.ACTIVATION,
                  input,
                  grid,
                  features.getOrDefault(input, 1L),
                  List.of(input),
                  users));
    }

    /** Adds one quantizer: in front of {@code users}, or of all that use the tensors if empty. */
    private void add(
        Quantizer.Kind kind,
        String source,
        QuantizationGrid grid,
        long n,
        List<String> tensors,
        Set<String> users) {
      String step = stepSize(source);
      float gradientScale = LsqQuantizer.gradientScale(n, grid);
      List<Quantizer.Site> sites = new ArrayList<>();
      for (String tensor : tensors) {
        List<GraphEditor.Use> uses = editor.uses(tensor);
        String quantized =
            Fragment.add(
                    editor,
                    GraphEditor.producer(tensor) + "/quantize",
                    List.of(
                        new Fragment.Input(tensor, DataType.DT_FLOAT, Shape.unknown()),
                        new Fragment.Input(step + "/read", DataType.DT_FLOAT, Shape.scalar())),
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
      quantizers.add(new Quantizer(kind, source, step, grid, sites));
    }

    private String stepSize(String source) {
      ModelVariable step =
          new ModelVariable(
              Quantizer.stepSizeName(source), null, List.of(), VariableGroup.STEP_SIZES);
      editor.put(Nodes.variable(step.name(), DataType.DT_FLOAT, step.shape()));
      editor.put(Nodes.identity(step.read(), step.name(), DataType.DT_FLOAT));
      variables.add(step);
      return step.name();
    }
  }
}
