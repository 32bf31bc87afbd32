package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecoveredStepsTest {
  @TempDir Path model;

  private Path file() throws IOException {
    return Files.createDirectories(model.resolve("assets")).resolve(RecoveredSteps.FILE);
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    FrozenModel.Recovered recovered =
        new FrozenModel.Recovered(
            "2-8-8",
            Levels.FULL,
            Granularity.CHANNEL,
            Map.of("kernel/step_size", List.of(0.1f, 0.2f, 1e-6f), "x/step_size", List.of(3f)));
    Files.write(file(), RecoveredSteps.json(recovered));
    assertEquals(recovered, RecoveredSteps.of(model));
  }

  @Test
  void filesOfBeforeThereWasAGranularityAreOfTensors() throws IOException {
    Files.writeString(
        file(), "{\"bits\":\"4-8-8\",\"levels\":null,\"stepSizes\":{\"kernel/step_size\":0.25}}");
    assertEquals(
        new FrozenModel.Recovered(
            "4-8-8", null, Granularity.TENSOR, Map.of("kernel/step_size", List.of(0.25f))),
        RecoveredSteps.of(model));
  }

  /** Integers do not tell them above 2 bits: none may happen to be the lowest. */
  @Test
  void levelsAreThoseOfTheExportsDescription() throws IOException {
    FrozenModel.Recovered recovered =
        new FrozenModel.Recovered("4-8-8", null, Granularity.TENSOR, Map.of("x", List.of(1f)));
    Files.write(file(), RecoveredSteps.json(recovered));
    String settings = "{\"bits\": \"4-8-8\", \"levels\": \"SYMMETRIC\"}";
    String metrics = "{\"accuracy\": 0.5}";
    describe(settings, metrics);
    assertEquals(with(recovered, "4-8-8", Levels.SYMMETRIC), RecoveredSteps.of(model));
    describe(settings.replace("\"SYMMETRIC\"", "null"), metrics);
    assertEquals(recovered, RecoveredSteps.of(model));
    // Of a model that was quantized again the settings are those of before.
    describe(settings, "{}");
    assertEquals(recovered, RecoveredSteps.of(model));
    describe(settings.replace("4-8-8", "2-8-8"), metrics);
    assertEquals(recovered, RecoveredSteps.of(model));
  }

  /** Integers tell the fewest bits alone: a table need not use all that it has. */
  @ParameterizedTest
  @CsvSource({
    "4-7-8,4-8-8,4-8-8",
    "3-6-8,4-8-8,4-8-8",
    "4-8-8,4-8-8,4-8-8",
    "4-8-8,4-7-8,4-8-8",
    "4-8-8,4-8-4,4-8-8",
    "32-7-8,32-8-8,32-8-8",
    "4-7-8,4-32-8,4-7-8",
    "32-7-8,4-8-8,32-7-8"
  })
  void bitsAreThoseOfTheExportsDescriptionIfTheIntegersFit(
      String integers, String described, String expected) throws IOException {
    FrozenModel.Recovered recovered =
        new FrozenModel.Recovered(integers, null, Granularity.TENSOR, Map.of("x", List.of(1f)));
    Files.write(file(), RecoveredSteps.json(recovered));
    describe("{\"bits\": \"" + described + "\", \"levels\": null}", "{\"accuracy\": 0.5}");
    assertEquals(with(recovered, expected, null), RecoveredSteps.of(model));
  }

  @Test
  void theGranularityIsThatOfTheExportsDescription() throws IOException {
    FrozenModel.Recovered recovered =
        new FrozenModel.Recovered("32-8-8", null, Granularity.TENSOR, Map.of("x", List.of(1f)));
    Files.write(file(), RecoveredSteps.json(recovered));
    describe("{\"bits\": \"32-8-8\", \"granularity\": \"CHANNEL\"}", "{\"accuracy\": 0.5}");
    assertEquals(
        new FrozenModel.Recovered("32-8-8", null, Granularity.CHANNEL, recovered.stepSizes()),
        RecoveredSteps.of(model));
  }

  private static FrozenModel.Recovered with(
      FrozenModel.Recovered recovered, String bits, @Nullable Levels levels) {
    return new FrozenModel.Recovered(bits, levels, recovered.granularity(), recovered.stepSizes());
  }

  private void describe(String settings, String metrics) throws IOException {
    Files.writeString(
        file().resolveSibling("squat.json"),
        "{\"task\": \"CoLA\", \"labels\": [], \"casing\": \"UNCASED\", \"maxLength\": 9,"
            + " \"format\": \"packed\", \"dataHash\": \"\", \"devMetrics\": "
            + metrics
            + ", \"versions\": {}, \"settings\": "
            + settings
            + "}");
  }

  @Test
  void aModelThatWasNeverPackedHasNone() {
    assertNull(RecoveredSteps.of(model));
  }
}
