package io.squat.savedmodels;

import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import java.util.Optional;
import org.tensorflow.proto.NodeDef;

/**
 * Puts float32 constants of grid values in the place of quantized kernels and tables.
 *
 * <p>Invariant: a linear layer multiplies with, and a lookup takes rows of, integers of the grid
 * times {@link FakeQuant#scale}, which is the learned step size but for its last bit. A table is
 * quantized as a whole, which gives the rows that quantizing after the lookup gives.
 */
final class QuantizeConstants implements RewritePass {
  private final BertStructure structure;
  private final Quantization quantization;
  private final Constants constants;

  QuantizeConstants(BertStructure structure, Quantization quantization, Constants constants) {
    this.structure = structure;
    this.quantization = quantization;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Optional<QuantizationGrid> weights = quantization.grid(Quantizer.Kind.WEIGHT);
    Optional<QuantizationGrid> tables = quantization.grid(Quantizer.Kind.EMBEDDING);
    for (LinearLayer layer : structure.layers()) {
      weights.ifPresent(
          grid ->
              use(
                  editor,
                  constants.quantized(
                      model.variable(layer.weight()),
                      grid,
                      quantization.granularity(Quantizer.Kind.WEIGHT)),
                  new GraphEditor.Use(layer.product(), 1)));
    }
    for (EmbeddingLookup lookup : structure.embeddings()) {
      tables.ifPresent(
          grid ->
              use(
                  editor,
                  constants.quantized(
                      model.variable(lookup.table()),
                      grid,
                      quantization.granularity(Quantizer.Kind.EMBEDDING)),
                  new GraphEditor.Use(lookup.node(), lookup.tableInput())));
    }
    return model.with(editor);
  }

  private static void use(GraphEditor editor, NodeDef constant, GraphEditor.Use use) {
    editor.put(constant);
    editor.setInput(use, constant.getName());
  }
}
