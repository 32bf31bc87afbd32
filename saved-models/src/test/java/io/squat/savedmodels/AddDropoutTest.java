package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.Granularity;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Dropout where the first layers read the rows of the words at once. */
class AddDropoutTest {
  private static final float RATE = 0.5f;

  /** What dropout with {@link #RATE} multiplies with. */
  private static final float SCALE = 2;

  private static final float PERTURBATION = 0.001f;

  private static ModelGraph withRowsAsLayerInput() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    BertStructure structure = BertStructure.of(model);
    String words =
        structure.embeddings().stream()
            .filter(lookup -> lookup.role() == InputRole.IDS)
            .findFirst()
            .orElseThrow()
            .node();
    String input = structure.layerInputs().get(0);
    GraphEditor editor = model.edit();
    structure.layers().stream()
        .filter(layer -> layer.input().equals(input))
        .forEach(layer -> editor.setInput(new GraphEditor.Use(layer.product(), 0), words));
    return model.with(editor);
  }

  @ParameterizedTest
  @CsvSource({"32-4-32,true", "32-4-32,false", "4-2-32,true", "32-32-32,false"})
  void quantizedAndPerturbedRowsAreDroppedAsAWhole(String bits, boolean perturbed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(
                TinyModel.TF1_BERT,
                withRowsAsLayerInput(),
                bits,
                Granularity.TENSOR,
                TrainedTinyModel.CLASSES);
        TrainingGraph training =
            TrainingGraph.build(trained.model, trained.quantization, perturbed)) {
      String product = trained.structure.layers().get(0).product();
      String input = GraphEditor.input(training.model().edit().node(product), 0);
      float[] whole = run(trained, training, 0, input);
      float[] dropped = run(trained, training, RATE, input);
      int zeros = 0;
      for (int i = 0; i < whole.length; i++) {
        if (dropped[i] == 0) {
          zeros++;
        } else {
          assertEquals(SCALE * whole[i], dropped[i]);
        }
      }
      long zerosBefore = IntStream.range(0, whole.length).filter(i -> whole[i] == 0).count();
      long others = whole.length - zerosBefore;
      assertTrue(
          Math.abs(zeros - zerosBefore - RATE * others) < 0.1 * others,
          zeros + " of " + whole.length);
    }
  }

  private static float[] run(
      TrainedTinyModel trained, TrainingGraph training, float rate, String fetched) {
    Map<String, Tensor> feeds = trained.tiny.feeds(training.model());
    for (ModelVariable variable : training.model().variables()) {
      float[] values = new float[(int) variable.size()];
      Arrays.fill(values, PERTURBATION);
      if (variable.group() != VariableGroup.PERTURBATIONS) {
        values = trained.values(variable.name());
      }
      long[] shape = variable.shape().stream().mapToLong(Long::longValue).toArray();
      feeds.put(variable.read(), TrainedTinyModel.tensor(values, shape));
    }
    feeds.put(AddDropout.RATE, TFloat32.scalarOf(rate));
    feeds.put(AddDropout.SEED, TInt32.vectorOf(3, 4));
    try (Session session = new Session(training.graph())) {
      return Objects.requireNonNull(
          TrainedTinyModel.fetch(session, new HashMap<>(feeds), List.of(fetched)).get(fetched));
    } finally {
      feeds.values().forEach(Tensor::close);
    }
  }
}
