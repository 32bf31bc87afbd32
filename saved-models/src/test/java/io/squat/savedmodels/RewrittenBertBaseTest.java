package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The rewritten BERT-base computes what the loaded one computes, at its own length and at others.
 */
@Tag("large")
class RewrittenBertBaseTest {
  /** Of the largest output. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  private static final int ROWS = 3;
  private static final int DECLARED_LENGTH = 128;
  private static final int VOCABULARY = 30522;

  @TempDir static Path folder;

  @SuppressWarnings("NullAway.Init") // set before all
  private static ModelGraph model;

  @SuppressWarnings("NullAway.Init") // set before all
  private static SavedModelBundle original;

  @SuppressWarnings("NullAway.Init") // set before all
  private static Graph graph;

  @SuppressWarnings("NullAway.Init") // set before all
  private static Session session;

  @BeforeAll
  @SuppressWarnings("MustBeClosedChecker") // closed after all
  static void load() throws IOException {
    BertBase.unpack(folder);
    original = SavedModelBundle.load(folder.toString(), "serve");
    model = SavedModelReader.read(folder, SavedModelReader.Choice.DEFAULT);
    graph = new Graph();
    graph.importGraphDef(model.graph());
    Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
    for (ModelVariable variable : model.variables()) {
      variables.put(
          Objects.requireNonNull(variable.stored()),
          graph.operation(variable.name()).<TFloat32>output(0));
    }
    CheckpointOps checkpoint = CheckpointOps.addStored(Ops.create(graph), variables);
    session = new Session(graph);
    checkpoint.restore(session, SavedModelFiles.checkpoint(folder));
  }

  @AfterAll
  static void close() {
    session.close();
    graph.close();
    original.close();
  }

  @Test
  void structureIsFoundByWhatItComputes() {
    BertStructure structure = BertStructure.of(model);
    assertEquals(12 * 6 + 1, structure.layers().size());
    assertEquals(12 * 4 + 1, structure.layerInputs().size());
    assertEquals(3, structure.embeddings().size());
    assertEquals(12, structure.attentionProbabilities().size());
    assertEquals(12 * 2, structure.blockOutputs().size());
    assertEquals(VOCABULARY, structure.vocabularySize(model).orElseThrow());
    assertEquals(512, structure.positions(model).orElseThrow());
  }

  @Test
  void sameOutputsAtTheDeclaredLength() {
    for (String output : new String[] {"pooled_output", "sequence_output"}) {
      float[] expected = runOriginal(output, DECLARED_LENGTH);
      assertClose(expected, runRewritten(output, DECLARED_LENGTH));
    }
  }

  @Test
  void sameOutputsAtOtherLengths() {
    for (int length : new int[] {1, 37, 100}) {
      assertClose(runOriginal("pooled_output", length), runRewritten("pooled_output", length));
    }
  }

  private static void assertClose(float[] expected, float[] found) {
    assertArrayEquals(expected, found, RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
  }

  /** Runs the model as saved: rows of a length, padded to the length that it declares. */
  private static float[] runOriginal(String output, int length) {
    String tensor =
        original
            .metaGraphDef()
            .getSignatureDefOrThrow("serving_default")
            .getOutputsOrThrow(output)
            .getName();
    return run(original.session(), length, DECLARED_LENGTH, tensor);
  }

  private static float[] runRewritten(String output, int length) {
    return run(session, length, length, Objects.requireNonNull(model.outputs().get(output)));
  }

  private static float[] run(Session session, int length, int padded, String fetch) {
    Random random = new Random(5);
    int[] ids = new int[ROWS * padded];
    int[] mask = new int[ROWS * padded];
    int[] segments = new int[ROWS * padded];
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < length; i++) {
        int place = row * padded + i;
        ids[place] = random.nextInt(VOCABULARY);
        mask[place] = 1;
        segments[place] = i > length / 2 ? 1 : 0;
      }
    }
    Shape shape = Shape.of(ROWS, padded);
    try (TInt32 idTensor = TInt32.tensorOf(shape, DataBuffers.of(ids, true, false));
        TInt32 maskTensor = TInt32.tensorOf(shape, DataBuffers.of(mask, true, false));
        TInt32 segmentTensor = TInt32.tensorOf(shape, DataBuffers.of(segments, true, false));
        Result result =
            session
                .runner()
                .feed("input_ids", idTensor)
                .feed("input_mask", maskTensor)
                .feed("segment_ids", segmentTensor)
                .fetch(fetch)
                .run()) {
      TFloat32 tensor = (TFloat32) result.get(0);
      float[] values = new float[Math.toIntExact(tensor.size())];
      tensor.asRawTensor().data().asFloats().read(values);
      return values;
    }
  }
}
