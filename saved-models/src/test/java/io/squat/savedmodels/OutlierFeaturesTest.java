package io.squat.savedmodels;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;

class OutlierFeaturesTest {
  /** Of the largest output: the products are added in another order. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  /** Every layer input has features up to 1, and some larger ones. */
  private static Map<String, List<Float>> largest(ModelGraph model, Map<Integer, Float> outliers) {
    Map<String, List<Float>> largest = new HashMap<>();
    for (LinearLayer layer : BertStructure.of(model).layers()) {
      int features = model.variable(layer.weight()).shape().get(0).intValue();
      List<Float> ofFeatures = new ArrayList<>(Collections.nCopies(features, 1f));
      outliers.forEach(ofFeatures::set);
      largest.put(layer.input(), ofFeatures);
    }
    return largest;
  }

  @ParameterizedTest
  @EnumSource
  void outputsStayThoseOfTheOriginal(TinyModel tiny, @TempDir Path temp) {
    ModelGraph model = tiny.read();
    ModelValues saved = ModelValues.ofSavedModel(tiny.path(), model);
    OutlierFeatures outliers = OutlierFeatures.of(model, largest(model, Map.of(5, 7f)));
    for (String input : BertStructure.of(model).layerInputs()) {
      assertEquals(Set.of(5), outliers.features(input));
    }
    Path written = temp.resolve("1");
    SavedModelWriter.write(
        written,
        Export.toFloat(
            outliers.apply(model, saved), Quantization.NONE, outliers.rest(model, saved)),
        Map.of());
    Map<String, Tensor> inputs = new HashMap<>();
    model.inputs().forEach(input -> inputs.put(input.key(), tiny.input(input.role())));
    try (SavedModelBundle bundle = SavedModelBundle.load(written.toString(), "serve");
        Result result = bundle.call(inputs)) {
      for (String output : model.outputs().keySet()) {
        float[] expected = tiny.output(output);
        assertArrayEquals(
            expected,
            TrainedTinyModel.floats(result.get(output).orElseThrow()),
            RELATIVE_TOLERANCE * RewrittenModelTest.max(expected),
            output);
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theStructureStaysTheSame(TinyModel tiny) {
    ModelGraph model = tiny.read();
    ModelValues saved = ModelValues.ofSavedModel(tiny.path(), model);
    OutlierFeatures outliers = OutlierFeatures.of(model, largest(model, Map.of(0, 100f)));
    ModelGraph with = outliers.apply(model, saved);
    assertNotEquals(model.graph().getNodeCount(), with.graph().getNodeCount());
    assertEquals(BertStructure.of(model).layers(), BertStructure.of(with).layers());
    assertEquals(
        BertStructure.of(model).attentionProbabilities(),
        BertStructure.of(with).attentionProbabilities());
  }

  @Test
  void theRowsOfOutliersAreZeroInTheRest() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    ModelValues saved = ModelValues.ofSavedModel(TinyModel.TF1_BERT.path(), model);
    OutlierFeatures outliers = OutlierFeatures.of(model, largest(model, Map.of(3, 9f)));
    LinearLayer layer = BertStructure.of(model).layers().get(0);
    int columns = model.variable(layer.weight()).shape().get(1).intValue();
    float[] whole = saved.values(layer.weight());
    float[] rest = outliers.rest(model, saved).values(layer.weight());
    for (int i = 0; i < whole.length; i++) {
      assertEquals(i / columns == 3 ? 0 : whole[i], rest[i]);
    }
    String bias = requireNonNull(layer.bias());
    assertArrayEquals(saved.values(bias), outliers.rest(model, saved).values(bias));
  }

  @Test
  void featuresThatAreSixTimesTheMedianAreOutliersIfTheyAreFew() {
    ModelGraph model = TinyModel.TF1_BERT.read();
    String input = BertStructure.of(model).layerInputs().get(0);
    assertTrue(OutlierFeatures.of(model, largest(model, Map.of(2, 6f))).features(input).isEmpty());
    assertEquals(
        Set.of(2), OutlierFeatures.of(model, largest(model, Map.of(2, 6.1f))).features(input));
    assertTrue(
        OutlierFeatures.of(model, largest(model, Map.of(2, 9f, 3, 9f)))
            .features(input)
            .isEmpty()); // two of 48 are more than one in 32
  }
}
