package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/** The rewritten tiny models compute what TensorFlow's Python computed with the models as saved. */
class RewrittenModelTest {
  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  @ParameterizedTest
  @EnumSource
  void canonicalGraphGivesTheOriginalOutputs(TinyModel tiny) {
    ModelGraph model = tiny.read();
    for (String output : model.outputs().keySet()) {
      float[] expected = tiny.output(output);
      assertArrayEquals(expected, run(tiny, model, output), RELATIVE_TOLERANCE * max(expected));
    }
  }

  @ParameterizedTest
  @EnumSource
  void structureIsFoundByWhatItComputes(TinyModel tiny) {
    BertStructure structure = BertStructure.of(tiny.read());
    boolean distilled = tiny == TinyModel.DISTIL_BERT; // no pooler, no segments
    assertEquals(2 * 6 + (distilled ? 0 : 1), structure.layers().size());
    assertEquals(2 * 4 + (distilled ? 0 : 1), structure.layerInputs().size());
    assertEquals(distilled ? 2 : 3, structure.embeddings().size());
    assertEquals(2, structure.attentionProbabilities().size());
    assertEquals(2 * 2, structure.blockOutputs().size());
  }

  /** The one has reference variables, the other resource variables. */
  @Test
  void theSameNetworkInTwoFormatsHasTheSameCanonicalGraphUpToNames() {
    assertEquals(
        upToNames(TinyModel.TF1_BERT.read()), upToNames(TinyModel.TF1_BERT_RESOURCE.read()));
  }

  /** The nodes under numbers, in the order in which the outputs need them. */
  private static String upToNames(ModelGraph model) {
    GraphEditor graph = model.edit();
    Map<String, String> numbers = new HashMap<>();
    GraphDef.Builder renamed = GraphDef.newBuilder();
    for (String output : new TreeMap<>(model.outputs()).values()) {
      number(graph, GraphEditor.producer(output), numbers, renamed);
    }
    return GraphText.of(renamed.build());
  }

  private static void number(
      GraphEditor graph, String name, Map<String, String> numbers, GraphDef.Builder renamed) {
    if (numbers.containsKey(name)) {
      return;
    }
    NodeDef node = graph.node(name);
    NodeDef.Builder copy = node.toBuilder().clearInput().removeAttr("shared_name");
    for (String input : node.getInputList()) {
      number(graph, GraphEditor.producer(input), numbers, renamed);
      String number = requireNonNull(numbers.get(GraphEditor.producer(input)));
      copy.addInput((input.startsWith("^") ? "^" : "") + number + ":" + GraphEditor.index(input));
    }
    numbers.put(name, "n" + numbers.size());
    renamed.addNode(copy.setName(requireNonNull(numbers.get(name))));
  }

  static float[] run(TinyModel tiny, ModelGraph model, String output) {
    return run(tiny, model, tiny.path(), output);
  }

  /** An output of a model that was read from a folder, on the inputs of a tiny model. */
  static float[] run(TinyModel tiny, ModelGraph model, Path folder, String output) {
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
      for (ModelVariable variable : model.variables()) {
        variables.put(
            requireNonNull(variable.stored()),
            graph.operation(variable.name()).<TFloat32>output(0));
      }
      CheckpointOps checkpoint = CheckpointOps.addStored(Ops.create(graph), variables);
      Map<String, Tensor> feeds = tiny.feeds(model);
      try (Session session = new Session(graph)) {
        checkpoint.restore(session, SavedModelFiles.checkpoint(folder));
        String tensor = requireNonNull(model.outputs().get(output));
        return requireNonNull(TrainedTinyModel.fetch(session, feeds, List.of(tensor)).get(tensor));
      } finally {
        feeds.values().forEach(Tensor::close);
      }
    }
  }

  static float max(float[] values) {
    float max = 0;
    for (float value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }
}
