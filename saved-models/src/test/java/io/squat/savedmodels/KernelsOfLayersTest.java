package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/** A layer is found as it was saved, or its model is refused: none stays float without a word. */
class KernelsOfLayersTest {
  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  /** As Keras of TensorFlow 2.1 and before multiplies inputs of three axes, by tensordot. */
  @ParameterizedTest
  @EnumSource
  void aKernelThatKeepsItsValuesInPlaceIsALayers(TinyModel tiny) {
    ModelGraph model = tiny.read();
    List<LinearLayer> layers = BertStructure.of(model).layers();
    GraphEditor editor = model.edit();
    for (LinearLayer layer : layers) {
      ModelVariable kernel = model.variable(layer.weight());
      String name = layer.product() + "/Tensordot";
      editor.put(Nodes.vector(name + "/perm", 0, 1));
      editor.put(Nodes.transpose(name + "/transpose_1", kernel.read(), name + "/perm"));
      editor.put(
          Nodes.vector(
              name + "/shape", kernel.shape().get(0).intValue(), kernel.shape().get(1).intValue()));
      editor.put(Nodes.reshape(name + "/Reshape_1", name + "/transpose_1", name + "/shape"));
      editor.setInput(new GraphEditor.Use(layer.product(), 1), name + "/Reshape_1");
    }
    ModelGraph canonical = new CanonicalLinear().apply(model.with(editor));
    assertEquals(weights(layers), weights(BertStructure.of(canonical).layers()));
    float[] expected = tiny.output(tiny.pooled());
    if (canonical.outputs().containsValue(canonical.pooledOutput())) {
      assertArrayEquals(
          expected,
          RewrittenModelTest.run(tiny, canonical, tiny.pooled()),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
    }
  }

  private static List<String> weights(List<LinearLayer> layers) {
    return layers.stream().map(LinearLayer::weight).toList();
  }

  private static String refused(ModelGraph model) {
    ModelGraph canonical = new CanonicalLinear().apply(model);
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> BertStructure.of(canonical))
            .getMessage());
  }

  private static String message(LinearLayer layer) {
    return "node "
        + layer.product()
        + ": expected a product of activations with a kernel [in, out] as it was saved, found MatMul"
        + " with variable "
        + layer.weight()
        + " changed or turned; the layer would stay float: save the model with kernels [in, out]";
  }

  /** Query, value, the attention's output, and the feed-forward block's first: TF1 names them. */
  @ParameterizedTest
  @CsvSource({"query,true", "value,false", "attention/output,true", "query,false", "key,true"})
  void aTurnedKernelIsRefused(String named, boolean byAttribute) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    LinearLayer layer =
        BertStructure.of(model).layers().stream()
            .filter(found -> found.weight().contains("layer_1/") && found.weight().contains(named))
            .findFirst()
            .orElseThrow();
    GraphEditor editor = model.edit();
    NodeDef product = editor.node(layer.product());
    if (byAttribute) {
      editor.put(product.toBuilder().putAttr("transpose_b", Nodes.flag(true)).build());
    } else {
      editor.put(Nodes.vector("turned/permutation", 1, 0));
      editor.put(Nodes.transpose("turned", product.getInput(1), "turned/permutation"));
      editor.setInput(new GraphEditor.Use(layer.product(), 1), "turned");
    }
    assertEquals(message(layer), refused(model.with(editor)));
  }

  /** A kernel that something was done to has no integers to be stored as. */
  @ParameterizedTest
  @ValueSource(strings = {"Neg", "Tanh"})
  void aChangedKernelIsRefused(String op) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    LinearLayer layer = BertStructure.of(model).layers().get(0);
    GraphEditor editor = model.edit();
    editor.put(
        editor.node(model.variable(layer.weight()).read()).toBuilder()
            .setName("changed")
            .setOp(op)
            .setInput(0, model.variable(layer.weight()).read())
            .build());
    editor.setInput(new GraphEditor.Use(layer.product(), 1), "changed");
    assertEquals(message(layer), refused(model.with(editor)));
  }

  /** Distances that are looked up and multiplied with the query are no layer. */
  @Test
  void rowsOfATableMayBeMultipliedWithActivations() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    BertStructure structure = BertStructure.of(model);
    EmbeddingLookup positions =
        structure.embeddings().stream()
            .filter(lookup -> lookup.role() == null)
            .findFirst()
            .orElseThrow();
    LinearLayer query = structure.layers().get(0);
    GraphEditor editor = model.edit();
    editor.put(
        Nodes.matMul("scores", query.output(), positions.node()).toBuilder()
            .putAttr("transpose_b", Nodes.flag(true))
            .build());
    editor.put(Nodes.vector("axis", 1));
    editor.put(
        NodeDef.newBuilder()
            .setName("sum")
            .setOp("Sum")
            .addInput("scores")
            .addInput("axis")
            .putAttr("T", Nodes.type(DataType.DT_FLOAT))
            .putAttr("Tidx", Nodes.type(DataType.DT_INT32))
            .putAttr("keep_dims", Nodes.flag(true))
            .build());
    NodeDef dense = editor.node(query.output());
    String name = editor.freshName("shifted");
    List<GraphEditor.Use> uses = editor.uses(query.output());
    editor.put(
        NodeDef.newBuilder()
            .setName(name)
            .setOp("AddV2")
            .addInput(dense.getName())
            .addInput("sum")
            .putAttr("T", Nodes.type(DataType.DT_FLOAT))
            .build());
    uses.stream()
        .filter(use -> !use.node().equals("scores"))
        .forEach(use -> editor.setInput(use, name));
    assertEquals(
        weights(structure.layers()),
        weights(BertStructure.of(new CanonicalLinear().apply(model.with(editor))).layers()));
  }
}
