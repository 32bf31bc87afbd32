package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.glue.Batch;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelReader.Choice;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A TF2 SavedModel of another program; {@code tf2-classifier/README.md} says of which. */
class Tf2ClassifierTest {
  /** The logits are about 1; kernels of the same TensorFlow differ by some 1e-7. */
  private static final double TOLERANCE = 1e-5;

  private static Path fixture() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(Tf2ClassifierTest.class.getResource("tf2-classifier")).toURI());
  }

  private static int[] ints(JsonNode rows) throws IOException {
    return Arrays.stream(new ObjectMapper().treeToValue(rows, int[][].class))
        .flatMapToInt(Arrays::stream)
        .toArray();
  }

  @Test
  void givesTheLogitsOfTensorFlowsPython() throws IOException, URISyntaxException {
    JsonNode expected = new ObjectMapper().readTree(fixture().resolve("expected.json").toFile());
    int rows = expected.get("ids").size();
    int length = expected.get("ids").get(0).size();
    Batch batch =
        new Batch(
            rows,
            length,
            ints(expected.get("ids")),
            ints(expected.get("mask")),
            ints(expected.get("segments")),
            new float[rows],
            new int[] {0, 1, 2, 3, 4});
    Classifier.Options options = new Classifier.Options(Choice.DEFAULT, Device.CPU, 2);
    try (Classifier classifier = Classifier.open(fixture().resolve("model"), options)) {
      Predictions found = classifier.predict(batch);
      assertEquals(3, found.columns());
      for (int row = 0; row < rows; row++) {
        for (int c = 0; c < found.columns(); c++) {
          assertEquals(
              expected.get("logits").get(row).get(c).asDouble(), found.row(row)[c], TOLERANCE);
        }
      }
    }
  }

  @Test
  void refusesItsCopyWithoutVariables(@TempDir Path folder) throws IOException, URISyntaxException {
    Files.copy(fixture().resolve("model/saved_model.pb"), folder.resolve("saved_model.pb"));
    String message = Failures.refusal(folder, Classifier.Options.DEFAULT);
    assertTrue(
        message.startsWith(
            folder.resolve("variables/variables.index")
                + ": expected a part of the model's variables, found no such file"),
        message);
  }
}
