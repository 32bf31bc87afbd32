package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
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
    assertEquals(2 * 6 + 1, structure.layers().size());
    assertEquals(2 * 4 + 1, structure.layerInputs().size());
    assertEquals(3, structure.embeddings().size());
    assertEquals(2, structure.attentionProbabilities().size());
    assertEquals(2 * 2, structure.blockOutputs().size());
  }

  static float[] run(TinyModel tiny, ModelGraph model, String output) {
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
      for (ModelVariable variable : model.variables()) {
        variables.put(
            java.util.Objects.requireNonNull(variable.stored()),
            graph.operation(variable.name()).<TFloat32>output(0));
      }
      CheckpointOps checkpoint = CheckpointOps.addStored(Ops.create(graph), variables);
      try (Session session = new Session(graph);
          var ids = tiny.input(InputRole.IDS);
          var mask = tiny.input(InputRole.MASK);
          var segments = tiny.input(InputRole.SEGMENTS)) {
        checkpoint.restore(session, SavedModelFiles.checkpoint(tiny.path()));
        try (Result result =
            session
                .runner()
                .feed(model.input(InputRole.IDS).orElseThrow().tensor(), ids)
                .feed(model.input(InputRole.MASK).orElseThrow().tensor(), mask)
                .feed(model.input(InputRole.SEGMENTS).orElseThrow().tensor(), segments)
                .fetch(java.util.Objects.requireNonNull(model.outputs().get(output)))
                .run()) {
          TFloat32 tensor = (TFloat32) result.get(0);
          float[] values = new float[(int) tensor.size()];
          tensor.asRawTensor().data().asFloats().read(values);
          return values;
        }
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
