package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.eval.ModelDescription;
import io.squat.files.RecordFiles;
import io.squat.ops.Levels;
import io.squat.savedmodels.FrozenModel;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a packed model was trained with, in a file beside the variables that it was turned into. */
public final class RecoveredSteps {
  /** The file's name in {@code assets}. */
  public static final String FILE = "quantization.json";

  private RecoveredSteps() {}

  /** The file's content. */
  public static byte[] json(FrozenModel.Recovered recovered) {
    try {
      return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(recovered);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What the packed model had that a folder was made of.
   *
   * @param model the folder of {@code saved_model.pb}
   * @return null if the model was never packed
   */
  public static FrozenModel.@Nullable Recovered of(Path model) {
    Path file = model.resolve("assets").resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return null;
    }
    FrozenModel.Recovered found = RecordFiles.read(file, FrozenModel.Recovered.class);
    return ModelDescription.read(model)
        .flatMap(description -> levels(description, found))
        .map(found::withLevels)
        .orElse(found);
  }

  /**
   * The levels that the export of a run says: integers alone tell them at 2 bits only. The
   * description of a model that was quantized again is of what it was before, and has no metrics.
   */
  private static Optional<Levels> levels(
      ModelDescription description, FrozenModel.Recovered found) {
    JsonNode settings = description.settings();
    if (settings == null
        || description.devMetrics().isEmpty()
        || !settings.path("bits").asText().equals(found.bits())) {
      return Optional.empty();
    }
    String said = settings.path("levels").asText();
    return Arrays.stream(Levels.values()).filter(levels -> levels.name().equals(said)).findFirst();
  }
}
