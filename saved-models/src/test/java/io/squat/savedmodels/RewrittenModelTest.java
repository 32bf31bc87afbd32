package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.op.Ops;
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

  static float[] run(TinyModel tiny, ModelGraph model, String output) {
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
        checkpoint.restore(session, SavedModelFiles.checkpoint(tiny.path()));
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
