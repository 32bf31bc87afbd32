package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.eval.ModelDescription;
import io.squat.ops.Levels;
import io.squat.savedmodels.FrozenModel;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    FrozenModel.Recovered found = WholeFiles.readJson(file, FrozenModel.Recovered.class);
    // Integers alone tell it at 2 bits only.
    return ModelDescription.read(model)
        .map(description -> description.settings().path("levels"))
        .filter(JsonNode::isTextual)
        .map(levels -> found.withLevels(Levels.valueOf(levels.textValue())))
        .orElse(found);
  }
}
