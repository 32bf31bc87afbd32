package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.math.Cumsum;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What the tiny models were made with: 2 layers of 4 heads, 48 wide, 120 words, 40 positions. */
class InspectionTest {
  private static Inspection inspect(TinyModel tiny) {
    return Inspection.of(tiny.read(), Quantization.of(BitWidths.parse("4-8-8")));
  }

  @ParameterizedTest
  @EnumSource
  void theStructureIsTheOneThatWasSaved(TinyModel tiny) {
    Inspection found = inspect(tiny);
    assertEquals(2, found.attentionBlocks());
    assertEquals(4, found.heads());
    assertEquals(1 + 2 * 2, found.layerNorms());
    assertEquals(1 + 2 + 2 * 2, found.dropoutSites());
    assertEquals(120, found.vocabulary());
    assertEquals(40, found.positions());
  }

  private static String lookup(ModelGraph model) {
    return BertStructure.of(model).embeddings().stream()
        .filter(lookup -> lookup.role() == null)
        .findFirst()
        .orElseThrow()
        .node();
  }

  /** As RoBERTa counts: the first token has the position behind that of padding. */
  @ParameterizedTest
  @CsvSource({"1,false", "0,false", "1,true", "6,true"})
  void rowsInFrontOfTheFirstTokensAreNoPositions(int padding, boolean exclusive) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    GraphEditor editor = model.edit();
    NodeDef slice = editor.node(lookup(model));
    NodeDef shaped = editor.onlyConsumer(slice.getName()).orElseThrow();
    String mask = model.input(InputRole.MASK).orElseThrow().tensor();
    List<String> made =
        Fragment.add(
            editor,
            "positions",
            List.of(
                new Fragment.Input(slice.getInput(0), DataType.DT_FLOAT, Shape.of(40, 48)),
                new Fragment.Input(mask, DataType.DT_INT32, Shape.of(-1, -1))),
            (tf, in) -> {
              Operand<TInt32> real = in.get(1).asOutput().expect(TInt32.class);
              Operand<TInt32> counted =
                  tf.math.cumsum(real, tf.constant(1), Cumsum.exclusive(exclusive));
              Operand<TInt32> indices =
                  tf.math.add(tf.math.mul(counted, real), tf.constant(padding));
              return List.of(
                  tf.gather(in.get(0).asOutput().expect(TFloat32.class), indices, tf.constant(0)),
                  indices);
            });
    editor.redirect(shaped.getName(), made.get(0), any -> true);
    ModelGraph counting = model.with(editor);
    int first;
    try (Graph graph = new Graph();
        TInt32 ones = TInt32.tensorOf(StdArrays.ndCopyOf(new int[][] {{1, 1, 1}}))) {
      graph.importGraphDef(counting.graph());
      try (Session session = new Session(graph);
          Result result = session.runner().feed(mask, ones).fetch(made.get(1)).run()) {
        first = ((TInt32) result.get(0)).getInt(0, 0);
      }
    }
    assertEquals(40 - first, BertStructure.of(counting).positions(counting).orElseThrow());
  }

  @Test
  void aModelWithoutATableOfPositionsHasNoLimit() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    GraphEditor editor = model.edit();
    NodeDef shaped = editor.onlyConsumer(lookup(model)).orElseThrow();
    NodeDef sum = editor.onlyConsumer(shaped.getName()).orElseThrow();
    editor.redirect(sum.getName(), GraphEditor.input(sum, 0), any -> true);
    ModelGraph without = model.with(editor);
    assertTrue(BertStructure.of(without).positions(without).isEmpty());
    Inspection found = Inspection.of(without, Quantization.of(BitWidths.parse("4-8-8")));
    StringWriter text = new StringWriter();
    found.print(new PrintWriter(text, true));
    assertTrue(text.toString().contains("vocabulary 120, positions unknown,"), text.toString());
  }

  /** As Keras computes them where epsilon is at least 1.001e-5. */
  @Test
  void fusedLayerNormsAreCountedToo() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    GraphEditor editor = model.edit();
    String output = requireNonNull(model.outputs().get("sequence_output"));
    String fused =
        Fragment.add(
                editor,
                "fused",
                List.of(
                    new Fragment.Input(
                        editor.node(output).getInput(0), DataType.DT_FLOAT, Shape.of(-1, -1, 48))),
                (tf, in) -> {
                  Operand<TFloat32> x = in.get(0).asOutput().expect(TFloat32.class);
                  Operand<TFloat32> rows = tf.reshape(x, tf.constant(new int[] {1, -1, 48, 1}));
                  Operand<TFloat32> none = tf.constant(new float[0]);
                  Operand<TFloat32> one = tf.constant(new float[] {1});
                  return List.of(
                      tf.reshape(
                          tf.nn.fusedBatchNorm(rows, one, one, none, none).y(), tf.shape(x)));
                })
            .get(0);
    editor.setInput(new GraphEditor.Use(output, 0), fused);
    assertEquals(
        1 + 2 * 2 + 1,
        Inspection.of(model.with(editor), Quantization.of(BitWidths.parse("4-8-8"))).layerNorms());
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,GELU (tanh),pooled_output",
    "MODEL_GARDEN,GELU (tanh),pooled_output",
    "HUGGING_FACE,GELU (erf),pooler_output",
    "CLASSIFIER,GELU (erf),logits",
    "DISTIL_BERT,GELU (erf),'the first token, as there is no pooler'"
  })
  void activationAndPoolerAreNamed(TinyModel tiny, String activation, String pooled) {
    Inspection found = inspect(tiny);
    assertEquals(activation, found.activation());
    assertEquals(pooled, found.pooled());
  }

  /** Kernels, tables and inputs of layers have a step; by channel a kernel has one a column. */
  @ParameterizedTest
  @EnumSource
  void stepSizesAreCounted(Granularity granularity) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    Quantization quantization =
        new Quantization(BitWidths.parse("8-8-8"), /* levels= */ null, granularity);
    Inspection found = Inspection.of(model, quantization);
    long bytes = 0;
    long steps = (long) found.tables().size() + BertStructure.of(model).layerInputs().size();
    for (Inspection.Part part :
        Stream.concat(found.layers().stream(), found.tables().stream()).toList()) {
      bytes += part.shape().get(0) * part.shape().get(1);
    }
    for (Inspection.Part layer : found.layers()) {
      steps += granularity == Granularity.CHANNEL ? layer.shape().get(1) : 1;
    }
    long floating = found.parameters() - bytes;
    assertEquals(bytes + 4 * floating + 4 * steps, found.quantizedBytes());
  }

  @ParameterizedTest
  @CsvSource({"2-8-8,2,8", "4-3-8,4,3", "3-32-4,3,32", "32-2-8,32,2"})
  void bytesFollowTheBits(String bits, int ofLayers, int ofTables) {
    ModelGraph model = TinyModel.HUGGING_FACE.read();
    Inspection found = Inspection.of(model, Quantization.of(BitWidths.parse(bits)));
    long layers = numbers(found.layers());
    long tables = numbers(found.tables());
    long steps =
        BertStructure.of(model).layerInputs().size()
            + (ofLayers == 32 ? 0 : found.layers().size())
            + (ofTables == 32 ? 0L : found.tables().size());
    long floating = found.parameters() - layers - tables;
    assertEquals(
        (ofLayers * layers + ofTables * tables + 32 * (floating + steps)) / 8,
        found.quantizedBytes());
  }

  private static long numbers(List<Inspection.Part> parts) {
    return parts.stream().mapToLong(part -> part.shape().get(0) * part.shape().get(1)).sum();
  }

  @ParameterizedTest
  @EnumSource
  void everyParameterIsQuantizedOrHasAReason(TinyModel tiny) {
    Inspection found = inspect(tiny);
    long quantized =
        Stream.concat(found.layers().stream(), found.tables().stream())
            .mapToLong(part -> part.shape().stream().reduce(1L, (a, b) -> a * b))
            .sum();
    long floating = found.floating().values().stream().mapToLong(Long::longValue).sum();
    assertEquals(found.parameters(), quantized + floating);
    assertEquals(
        tiny == TinyModel.CLASSIFIER,
        found.floating().containsKey("the model's own classifier: heads stay float"));
    StringWriter text = new StringWriter();
    found.print(new PrintWriter(text, true));
    found.floating().keySet().forEach(why -> assertTrue(text.toString().contains(why), why));
  }
}
