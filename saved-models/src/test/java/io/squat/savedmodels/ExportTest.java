package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitPacking;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The exported graphs' layers and integers against those of the training graph. */
@EnabledOnOs(
    architectures = {"amd64", "x86_64"},
    disabledReason = "TensorFlow has the integer kernels for x86 only")
class ExportTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  Path folder;

  /** Of the largest output; one integer off by one is about 1e-3 of that. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  private static final int ROWS = 13;

  /** Inputs of a layer whose integers are certain, some of them outside of 8 bits. */
  private static float[] layerInput(int features, float stepSize) {
    Random random = new Random(features);
    float[] x = new float[ROWS * features];
    for (int i = 0; i < x.length; i++) {
      int integer = random.nextInt(301) - 150;
      x[i] = (float) ((integer + 0.8 * (random.nextDouble() - 0.5)) * stepSize);
    }
    return x;
  }

  private void assertLayersEqual(
      TrainedTinyModel trained, ServingModel model, float relativeTolerance) {
    assertLayersEqual(trained, model, trained.structure.layers(), "", relativeTolerance);
  }

  /** Feeds the inputs of the layers in both graphs, so that no layer sees another's rounding. */
  private void assertLayersEqual(
      TrainedTinyModel trained,
      ServingModel model,
      List<LinearLayer> layers,
      String scope,
      float relativeTolerance) {
    Map<String, TFloat32> inputs = new HashMap<>();
    for (LinearLayer layer : layers) {
      int features = trained.model.variable(layer.weight()).shape().get(0).intValue();
      float[] x = layerInput(features, trained.stepSize(layer.input()));
      inputs.computeIfAbsent(layer.input(), input -> TrainedTinyModel.tensor(x, ROWS, features));
    }
    List<String> outputs = layers.stream().map(LinearLayer::output).toList();
    Path written = folder.resolve("1");
    SavedModelWriter.write(written, model, Map.of());
    try (SavedModelBundle bundle = SavedModelBundle.load(written.toString(), "serve")) {
      Map<String, float[]> expected = trained.inTraining(inputs, outputs);
      Map<String, float[]> actual =
          TrainedTinyModel.fetch(
              bundle.session(), inputs, outputs.stream().map(output -> scope + output).toList());
      for (String output : outputs) {
        float[] wanted = Objects.requireNonNull(expected.get(output));
        assertArrayEquals(
            wanted,
            actual.get(scope + output),
            relativeTolerance * RewrittenModelTest.max(wanted),
            output);
      }
    } finally {
      inputs.values().forEach(TFloat32::close);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8",
    "TF1_BERT_RESOURCE,2-2-8",
    "TF1_BERT,3-4-4",
    "HUGGING_FACE,4-8-8",
    "MODEL_GARDEN,2-4-8"
  })
  void floatLayersGiveTheTrainingGraphsOutputs(TinyModel tiny, String bits) {
    assertFloatLayersEqual(tiny, bits, Granularity.TENSOR);
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8",
    "TF1_BERT_RESOURCE,2-2-8",
    "HUGGING_FACE,3-8-4",
    "MODEL_GARDEN,8-8-8"
  })
  void floatLayersWithAStepAChannelGiveTheTrainingGraphsOutputs(TinyModel tiny, String bits) {
    assertFloatLayersEqual(tiny, bits, Granularity.CHANNEL);
  }

  private void assertFloatLayersEqual(TinyModel tiny, String bits, Granularity granularity) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES)) {
      assertLayersEqual(
          trained,
          Export.toFloat(trained.model, trained.quantization, trained),
          RELATIVE_TOLERANCE);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,2-2-8",
    "TF1_BERT,3-3-8",
    "TF1_BERT_RESOURCE,4-4-8",
    "TF1_BERT,8-8-8",
    "TF1_BERT,4-8-4",
    "TF1_BERT,4-32-8",
    "TF1_BERT,32-4-8",
    "HUGGING_FACE,4-8-8",
    "MODEL_GARDEN,3-4-8",
    "CLASSIFIER,4-8-8",
    "DISTIL_BERT,2-8-8",
    "TF1_BERT,6-5-8"
  })
  void packedLayersGiveTheTrainingGraphsOutputs(TinyModel tiny, String bits) {
    try (TrainedTinyModel trained = new TrainedTinyModel(tiny, bits, TrainedTinyModel.CLASSES)) {
      boolean integers = trained.quantization.grid(Quantizer.Kind.WEIGHT).isPresent();
      assertLayersEqual(
          trained,
          Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER),
          integers ? 0 : RELATIVE_TOLERANCE);
    }
  }

  /** Every width of weights, in both forms of storage; to the last bit. */
  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,2-2-8,true",
    "TF1_BERT,3-3-8,true",
    "TF1_BERT_RESOURCE,4-4-8,true",
    "TF1_BERT,5-8-8,true",
    "TF1_BERT,6-8-3,true",
    "TF1_BERT,7-8-8,true",
    "TF1_BERT,8-8-8,true",
    "TF1_BERT,4-32-8,true",
    "HUGGING_FACE,4-8-8,true",
    "MODEL_GARDEN,3-4-8,true",
    "CLASSIFIER,4-8-8,true",
    "DISTIL_BERT,2-8-8,true",
    "TF1_BERT,2-2-8,false",
    "TF1_BERT_RESOURCE,3-4-8,false",
    "HUGGING_FACE,4-8-4,false",
    "MODEL_GARDEN,8-8-8,false"
  })
  void integerLayersWithAStepAChannelGiveTheTrainingGraphsOutputs(
      TinyModel tiny, String bits, boolean packed) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, Granularity.CHANNEL, TrainedTinyModel.CLASSES)) {
      assertLayersEqual(
          trained,
          packed
              ? Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER)
              : Export.toInt8(trained.model, trained.quantization, trained, Compute.INTEGER),
          0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,2-2-8,TENSOR",
    "TF1_BERT,3-4-8,TENSOR",
    "TF1_BERT_RESOURCE,4-8-8,TENSOR",
    "HUGGING_FACE,2-8-8,TENSOR",
    "MODEL_GARDEN,4-3-8,TENSOR",
    "TF1_BERT,2-2-8,CHANNEL",
    "HUGGING_FACE,3-8-8,CHANNEL",
    "MODEL_GARDEN,4-3-8,CHANNEL"
  })
  void layersWithoutIntegerKernelsGiveTheTrainingGraphsOutputs(
      TinyModel tiny, String bits, Granularity granularity) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES)) {
      // The first layers' input is shared by all signatures, so that its name is known.
      String input = trained.structure.layerInputs().get(0);
      List<LinearLayer> first =
          trained.structure.layers().stream().filter(layer -> layer.input().equals(input)).toList();
      assertEquals(3, first.size());
      assertLayersEqual(
          trained,
          Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER),
          first,
          ServingModel.FLOAT + "/",
          RELATIVE_TOLERANCE);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,2-2-8,TENSOR",
    "TF1_BERT,3-3-8,TENSOR",
    "TF1_BERT,4-4-8,TENSOR",
    "TF1_BERT_RESOURCE,8-8-8,TENSOR",
    "HUGGING_FACE,3-3-8,TENSOR",
    "MODEL_GARDEN,4-2-8,TENSOR",
    "TF1_BERT,2-2-8,CHANNEL",
    "TF1_BERT_RESOURCE,4-8-8,CHANNEL",
    "HUGGING_FACE,8-8-8,CHANNEL",
    "MODEL_GARDEN,3-2-8,CHANNEL"
  })
  void unpackedIntegersAreTheTrainedGrid(TinyModel tiny, String bits, Granularity granularity) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES);
        Graph graph = new Graph()) {
      graph.importGraphDef(
          inConstants(
              Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER)));
      Ops tf = Ops.create(graph);
      Map<String, String> unpacked = new HashMap<>();
      List<Quantizer> quantizers =
          trained.training.model().quantizers().stream()
              .filter(quantizer -> quantizer.kind() != Quantizer.Kind.ACTIVATION)
              .toList();
      assertEquals(13 + 3, quantizers.size());
      for (Quantizer quantizer : quantizers) {
        unpacked.put(quantizer.source(), unpacked(tf, graph, trained.model, quantizer).op().name());
      }
      try (Session session = new Session(graph)) {
        Map<String, float[]> integers =
            TrainedTinyModel.fetch(session, Map.of(), List.copyOf(unpacked.values()));
        for (Quantizer quantizer : quantizers) {
          assertArrayEquals(
              trainedGrid(trained, quantizer),
              integers.get(unpacked.get(quantizer.source())),
              quantizer.source());
        }
      }
    }
  }

  /** The whole variable through the training graph's quantizer, in units of the step. */
  private static float[] trainedGrid(TrainedTinyModel trained, Quantizer quantizer) {
    ModelVariable variable = trained.model.variable(quantizer.source());
    Quantizer.Site site = quantizer.sites().get(0);
    long[] shape = variable.shape().stream().mapToLong(d -> d).toArray();
    float[] grid;
    try (TFloat32 whole = TrainedTinyModel.tensor(trained.values(variable.name()), shape)) {
      grid =
          Objects.requireNonNull(
              trained
                  .inTraining(Map.of(site.input(), whole), List.of(site.output()))
                  .get(site.output()));
    }
    float[] steps = trained.values(quantizer.stepSize());
    for (int i = 0; i < grid.length; i++) {
      grid[i] = Math.round(grid[i] / steps[i % steps.length]);
    }
    return grid;
  }

  private static Operand<TFloat32> unpacked(
      Ops tf, Graph graph, ModelGraph model, Quantizer quantizer) {
    ModelVariable variable = model.variable(quantizer.source());
    long[] shape = variable.shape().stream().mapToLong(d -> d).toArray();
    Operand<TInt32> words = graph.operation(variable.name() + "/integers").<TInt32>output(0);
    int bits = quantizer.grid().bits();
    if (quantizer.kind() == Quantizer.Kind.WEIGHT) {
      return tf.dtypes.cast(BitPacking.unpack(tf, words, bits, shape), TFloat32.class);
    }
    Operand<TInt32> rows = tf.range(tf.constant(0), tf.constant((int) shape[0]), tf.constant(1));
    return BitPacking.gatherRows(tf, words, rows, bits, (int) shape[1]);
  }

  /** The graph as it is read again: with the checkpoint's integers in constants. */
  private GraphDef inConstants(ServingModel model) {
    Path written = folder.resolve("read");
    SavedModelWriter.write(written, model, Map.of());
    return RestoredConstants.of(written, SavedModelFiles.parse(written).getMetaGraphs(0));
  }

  /** The product's scales and the float path's steps; the product's zeros, once a width. */
  @Test
  void aStepAChannelTakesTwoNumbersAColumn() {
    long columns = 0;
    Set<Long> widths = new HashSet<>();
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      for (LinearLayer layer : trained.structure.layers()) {
        long width = trained.model.variable(layer.weight()).shape().get(1);
        columns += width;
        widths.add(width);
      }
    }
    assertEquals(Set.of(48L, 80L), widths);
    assertEquals(
        vectorBytes(Granularity.TENSOR) + Float.BYTES * (2 * columns + 48 + 80),
        vectorBytes(Granularity.CHANNEL));
  }

  /** Of all constants with axes: those without are not written as their bytes. */
  private static long vectorBytes(Granularity granularity) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", granularity, TrainedTinyModel.CLASSES)) {
      return Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER)
          .graph()
          .getNodeList()
          .stream()
          .filter(node -> node.getOp().equals("Const"))
          .map(node -> node.getAttrOrThrow("value").getTensor())
          .filter(value -> value.getTensorShape().getDimCount() > 0)
          .mapToLong(value -> value.getTensorContent().size())
          .sum();
    }
  }

  @Test
  void valuesAreThereOnce() {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      ServingModel model =
          Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER);
      List<NodeDef> nodes = model.graph().getNodeList();
      assertEquals(
          13 + 3, nodes.stream().filter(node -> node.getOp().equals("VarHandleOp")).count());
      // No constant is larger than a bias.
      assertEquals(
          List.of(),
          nodes.stream()
              .filter(node -> node.getOp().equals("Const"))
              .filter(node -> !node.getName().startsWith("saver/"))
              .filter(node -> node.getSerializedSize() > 700)
              .map(NodeDef::getName)
              .toList());
      ServingVariables variables = Objects.requireNonNull(model.variables());
      assertEquals(13 + 3, variables.values().size());
      assertTrue(
          variables.values().keySet().stream().allMatch(key -> key.endsWith("/integers")),
          variables.values().keySet().toString());
      assertEquals(
          Set.of(
              ServingModel.DEFAULT,
              ServingModel.INT64,
              ServingModel.NO_SEGMENTS,
              ServingModel.FLOAT),
          model.signatures().keySet());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "4-8-32,INTEGER,'format packed: expected bits W-E-A with activations of 2 to 8 for layers that"
        + " multiply integers, found 4-8-32; let them multiply float32 by --compute float'",
    "32-32-8,INTEGER,'format packed: expected bits W-E-A with weights or embeddings of 2 to 8,"
        + " found 32-32-8; export as float'",
    "32-32-8,FLOAT,'format packed: expected bits W-E-A with weights or embeddings of 2 to 8, found"
        + " 32-32-8; export as float'"
  })
  void whatCannotBePackedIsNamed(String bits, Compute compute, String message) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    Quantization quantization = Quantization.of(BitWidths.parse(bits));
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Export.toPacked(
                        model,
                        quantization,
                        ModelValues.ofSavedModel(TinyModel.TF1_BERT.path(), model),
                        compute))
            .getMessage());
  }

  @Test
  void valuesThatCannotBeExportedAreNamed() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    ModelVariable bias =
        model.variables().stream()
            .filter(v -> v.name().endsWith("pooler/dense/bias"))
            .findFirst()
            .orElseThrow();
    ModelValues saved = ModelValues.ofSavedModel(TinyModel.TF1_BERT.path(), model);
    float[] damaged = saved.values(bias.name());
    damaged[7] = Float.NaN;
    assertEquals(
        "variable " + bias.name() + ": expected finite values, found NaN at index 7",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Export.toFloat(
                        model,
                        Quantization.NONE,
                        name -> name.equals(bias.name()) ? damaged : saved.values(name)))
            .getMessage());
    assertEquals(
        "variable " + bias.name() + ": expected 48 values of shape [48], found 3",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Export.toFloat(
                        model,
                        Quantization.NONE,
                        name -> name.equals(bias.name()) ? new float[3] : saved.values(name)))
            .getMessage());
    String query = BertStructure.of(model).layers().get(0).weight();
    assertEquals(
        "step size " + query + "/step_size: expected 48 positive numbers, found 1 numbers",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Export.toFloat(
                        model,
                        new Quantization(BitWidths.parse("4-32-32"), null, Granularity.CHANNEL),
                        name ->
                            name.endsWith("/step_size") ? new float[] {0.5f} : saved.values(name)))
            .getMessage());
    assertEquals(
        "step size " + query + "/step_size: expected one positive number, found -0.5",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Export.toFloat(
                        model,
                        Quantization.of(BitWidths.parse("4-32-32")),
                        name ->
                            name.endsWith("/step_size") ? new float[] {-0.5f} : saved.values(name)))
            .getMessage());
  }

  @Test
  void valuesThatAreNotInTheCheckpointAreNamed() {
    Path checkpoint = SavedModelFiles.checkpoint(TinyModel.TF1_BERT.path());
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ModelValues.ofCheckpoint(checkpoint).values("task_head/kernel"))
                .getMessage());
    assertTrue(
        message.startsWith(checkpoint + ": expected the values of the model's variables, found"),
        message);
    assertTrue(message.contains("Key task_head/kernel not found"), message);
    assertEquals(1, message.lines().count());
    ModelGraph model = Rewriting.withHead(TinyModel.TF1_BERT.read(), 2);
    assertEquals(
        checkpoint + ": expected the values of variable task_head/kernel, found none: it was added",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    ModelValues.ofSavedModel(TinyModel.TF1_BERT.path(), model)
                        .values("task_head/kernel"))
            .getMessage());
  }

  /** The form that TensorFlow fuses, with an epsilon of its own, has {@code beta - mean}. */
  @Test
  void layerNormsAreNotOfTheFormThatIsFused() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    ServingModel exported =
        Export.toFloat(
            model, Quantization.NONE, ModelValues.ofSavedModel(TinyModel.TF1_BERT.path(), model));
    List<NodeDef> shifts =
        exported.graph().getNodeList().stream()
            .filter(node -> node.getName().endsWith("LayerNorm/batchnorm/sub"))
            .toList();
    assertEquals(5, shifts.size());
    for (NodeDef shift : shifts) {
      assertEquals("Sub", shift.getOp());
      assertTrue(shift.getInput(0).endsWith("batchnorm/mul_2"), shift.toString());
    }
  }
}
