package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** SavedModels of TensorFlow 2: functions, object-graph checkpoints, several signatures. */
class Tf2ModelTest {
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  @Test
  void theInt64SignatureGivesTheSame() {
    TinyModel tiny = TinyModel.HUGGING_FACE;
    ModelGraph model =
        SavedModelReader.read(
            tiny.path(), new SavedModelReader.Choice(null, "int64_serving", Map.of()));
    assertTrue(model.inputs().stream().allMatch(ModelInput::wide));
    float[] expected = tiny.output(tiny.pooled());
    assertArrayEquals(
        expected,
        RewrittenModelTest.run(tiny, model, tiny.pooled()),
        RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
  }

  @ParameterizedTest
  @EnumSource(names = {"HUGGING_FACE", "MODEL_GARDEN"})
  void variablesHaveTheKeysOfTheObjectGraph(TinyModel tiny) {
    List<ModelVariable> variables = tiny.read().variables();
    // Kernels and biases of 13 layers, scale and shift of 5 layer norms, 3 tables.
    assertEquals(2 * 13 + 2 * 5 + 3, variables.size());
    Map<String, Long> keys =
        variables.stream()
            .map(variable -> requireNonNull(variable.stored()).key())
            .collect(Collectors.groupingBy(key -> key, Collectors.counting()));
    assertEquals(variables.size(), keys.size());
    assertTrue(keys.keySet().stream().allMatch(key -> key.endsWith("/.ATTRIBUTES/VARIABLE_VALUE")));
  }

  @ParameterizedTest
  @EnumSource
  void everyWeightAndStepHasAGradient(TinyModel tiny) {
    Quantization quantization = Quantization.of(BitWidths.parse("4-8-8"));
    try (TrainingGraph training =
        TrainingGraph.build(Rewriting.withHead(tiny.read(), 3), quantization, true)) {
      for (VariableGroup group : List.of(VariableGroup.WEIGHTS, VariableGroup.STEP_SIZES)) {
        List<ModelVariable> variables = training.model().variables(group);
        assertEquals(
            variables.size(), training.gradients(group.name(), variables).size(), group.name());
      }
    }
  }

  @Test
  void anOperationWithoutAGradientIsNamed() {
    ModelGraph model = Rewriting.withHead(TinyModel.TF1_BERT.read(), 2);
    GraphEditor editor = model.edit();
    String query = BertStructure.of(model).layers().get(0).output();
    NodeDef rounded =
        NodeDef.newBuilder()
            .setName("rounded")
            .setOp("Round")
            .addInput(query)
            .putAttr("T", Nodes.type(DataType.DT_FLOAT))
            .build();
    editor.redirect(query, "rounded", any -> true);
    editor.put(rounded);
    try (TrainingGraph training =
        TrainingGraph.build(model.with(editor), Quantization.NONE, false)) {
      assertEquals(
          "node rounded: expected operations with a gradient between the loss and the weights,"
              + " found Round, which has none in TensorFlow Java; the model can be exported, not"
              + " trained",
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      training.gradients(
                          "gradients", training.model().variables(VariableGroup.WEIGHTS)))
              .getMessage());
    }
  }

  @Test
  void anAssertThatTheModelHasIsStillRun() {
    TinyModel tiny = TinyModel.HUGGING_FACE;
    ModelGraph model = tiny.read();
    try (Graph graph = new Graph();
        TInt32 beyondTheVocabulary = TInt32.scalarOf(120);
        TInt32 ids = tiny.input(InputRole.IDS)) {
      graph.importGraphDef(model.graph());
      ids.setInt(beyondTheVocabulary.getInt(), 0, 0);
      RuntimeException error =
          assertThrows(RuntimeException.class, () -> fetchEverythingButWeights(graph, model, ids));
      assertTrue(
          String.valueOf(error.getMessage()).contains("assertion failed"), error::getMessage);
    }
  }

  private static void fetchEverythingButWeights(Graph graph, ModelGraph model, TInt32 ids) {
    try (Session session = new Session(graph)) {
      Session.Runner runner =
          session.runner().feed(model.input(InputRole.IDS).orElseThrow().tensor(), ids);
      graph
          .operations()
          .forEachRemaining(
              operation -> {
                if (operation.type().equals("Assert")) {
                  runner.addTarget(operation.name());
                }
              });
      runner.run().close();
    }
  }

  @Test
  void whatTheAssertGuardsWaitsForIt() {
    ModelGraph model = TinyModel.HUGGING_FACE.read();
    GraphEditor editor = model.edit();
    for (String output : model.outputs().values()) {
      assertTrue(
          editor.node(output).getInputList().stream().anyMatch(input -> input.startsWith("^")));
    }
    assertTrue(
        editor.node(model.pooledOutput()).getInputList().stream()
            .anyMatch(in -> in.startsWith("^")));
    // Behind a head too.
    ModelGraph withHead = Rewriting.withHead(model, 2);
    assertEquals(
        1,
        withHead.graph().getNodeList().stream()
            .filter(node -> node.getOp().equals("Assert"))
            .count());
  }

  @Test
  void aClassifiersOwnHeadIsKeptForItsClassesAndReplacedForOthers() {
    ModelGraph read = TinyModel.CLASSIFIER.read();
    LinearLayer own = OwnHead.of(read).orElseThrow();
    ModelGraph kept = Rewriting.withHead(read, 3);
    assertEquals(own.weight(), kept.requireHead().weight());
    assertEquals(own.input(), kept.requireHead().input());
    assertEquals(read.variables().size(), kept.variables().size());
    assertArrayEquals(
        TinyModel.CLASSIFIER.output("logits"),
        RewrittenModelTest.run(TinyModel.CLASSIFIER, kept, "logits"),
        RELATIVE_TOLERANCE);
    ModelGraph replaced = Rewriting.withHead(read, 2);
    assertEquals(own.input(), replaced.requireHead().input());
    assertEquals(List.of(48L, 2L), replaced.variable(replaced.requireHead().weight()).shape());
    assertTrue(
        replaced.variables().stream().noneMatch(variable -> variable.name().equals(own.weight())));
    assertTrue(
        replaced.graph().getNodeList().stream()
            .noneMatch(node -> node.getName().equals(own.weight())));
  }

  /** As Keras and google-research/bert save classifiers. */
  @ParameterizedTest
  @ValueSource(strings = {"Softmax", "Sigmoid"})
  void aClassifierThatGivesProbabilitiesHasAHeadToo(String op) {
    ModelGraph read = TinyModel.CLASSIFIER.read();
    GraphEditor editor = read.edit();
    NodeDef output = editor.node(read.pooledOutput());
    editor.put(
        NodeDef.newBuilder()
            .setName("made")
            .setOp(op)
            .addInput(output.getInput(0))
            .putAttr("T", Nodes.type(DataType.DT_FLOAT))
            .build());
    editor.put(output.toBuilder().setInput(0, "made").build());
    ModelGraph probabilities = read.with(editor);
    assertEquals(OwnHead.of(read), OwnHead.of(probabilities));
    ModelGraph kept = Rewriting.withHead(probabilities, 3);
    assertEquals(OwnHead.of(read).orElseThrow().weight(), kept.requireHead().weight());
    assertArrayEquals(
        TinyModel.CLASSIFIER.output("logits"),
        RewrittenModelTest.run(TinyModel.CLASSIFIER, kept, "logits"),
        RELATIVE_TOLERANCE);
  }

  @Test
  void anInputHasOneRole() {
    SavedModelReader.Choice twice =
        new SavedModelReader.Choice(null, null, Map.of(InputRole.IDS, "attention_mask"));
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> SavedModelReader.read(TinyModel.HUGGING_FACE.path(), twice));
    assertTrue(
        String.valueOf(error.getMessage()).contains("expected different inputs"),
        error::getMessage);
  }

  @ParameterizedTest
  @EnumSource
  void aFloatExportIsReadAgain(TinyModel tiny, @TempDir Path folder) {
    ModelGraph model = tiny.read();
    Path written = folder.resolve("1");
    SavedModelWriter.write(
        written,
        Export.toFloat(model, Quantization.NONE, ModelValues.ofSavedModel(tiny.path(), model)),
        Map.of());
    ModelGraph again = SavedModelReader.read(written, SavedModelReader.Choice.DEFAULT);
    assertEquals(model.outputs().keySet(), again.outputs().keySet());
    assertEquals(shapes(model), shapes(again));
    assertEquals(BertStructure.of(model).layers().size(), BertStructure.of(again).layers().size());
    for (String output : again.outputs().keySet()) {
      float[] expected = tiny.output(output);
      assertArrayEquals(
          expected,
          RewrittenModelTest.run(tiny, again, written, output),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected),
          output);
    }
  }

  /** The shapes of the variables, sorted. */
  private static List<String> shapes(ModelGraph model) {
    return model.variables().stream()
        .map(variable -> variable.shape().toString())
        .sorted()
        .toList();
  }

  @Test
  void anEncoderHasNoHeadOfItsOwn() {
    for (TinyModel tiny : TinyModel.values()) {
      assertEquals(tiny == TinyModel.CLASSIFIER, OwnHead.of(tiny.read()).isPresent(), tiny.name());
    }
  }

  @Test
  void withoutAPoolerAHeadIsOnTheFirstToken() {
    TinyModel tiny = TinyModel.DISTIL_BERT;
    ModelGraph model = tiny.read();
    ModelGraph first =
        new ModelGraph(
            model.graph(),
            model.variables(),
            model.inputs(),
            Map.of("first", model.pooledOutput()),
            model.pooledOutput(),
            null,
            List.of());
    float[] sequence = tiny.output("last_hidden_state"); // [3, 11, 48]
    float[] found = RewrittenModelTest.run(tiny, first, "first");
    assertEquals(3 * 48, found.length);
    for (int row = 0; row < 3; row++) {
      for (int i = 0; i < 48; i++) {
        assertEquals(sequence[row * 11 * 48 + i], found[row * 48 + i], RELATIVE_TOLERANCE * 10);
      }
    }
  }

  @Test
  void aKernelIsAMatrixWithTheValuesOfTheCheckpoint() {
    ModelGraph model = TinyModel.MODEL_GARDEN.read();
    ModelVariable query =
        model.variables().stream()
            .filter(variable -> requireNonNull(variable.stored()).shape().size() == 3)
            .findFirst()
            .orElseThrow();
    assertEquals(List.of(48L, 48L), query.shape());
    StoredTensor stored = requireNonNull(query.stored());
    assertNotEquals(query.shape(), stored.shape());
    float[] values =
        ModelValues.ofSavedModel(TinyModel.MODEL_GARDEN.path(), model).values(query.name());
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Output<TFloat32> variable =
          tf.withName("variable").variable(Shape.of(48, 48), TFloat32.class).asOutput();
      CheckpointOps checkpoint = CheckpointOps.addStored(tf, Map.of(stored, variable));
      try (Session session = new Session(graph)) {
        checkpoint.restore(session, SavedModelFiles.checkpoint(TinyModel.MODEL_GARDEN.path()));
        assertArrayEquals(
            values, TrainedTinyModel.fetch(session, Map.of(), List.of("variable")).get("variable"));
      }
    }
  }

  @Test
  void aTensorOfAnotherShapeIsRefused() {
    ModelGraph model = TinyModel.MODEL_GARDEN.read();
    String key = requireNonNull(model.variables().get(0).stored()).key();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Output<TFloat32> variable = tf.variable(Shape.of(7, 48), TFloat32.class).asOutput();
      CheckpointOps checkpoint =
          CheckpointOps.addStored(tf, Map.of(new StoredTensor(key, List.of(7L, 48L)), variable));
      try (Session session = new Session(graph)) {
        IllegalArgumentException error =
            assertThrows(
                IllegalArgumentException.class,
                () ->
                    checkpoint.restore(
                        session, SavedModelFiles.checkpoint(TinyModel.MODEL_GARDEN.path())));
        assertTrue(String.valueOf(error.getMessage()).contains("[7,48]"), error::getMessage);
      }
    }
  }
}
