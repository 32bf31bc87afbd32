package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.eval.ModelDescription;
import io.squat.files.RecordFiles;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.Quantization;
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
        .flatMap(description -> described(description, found))
        .map(found::with)
        .orElse(found);
  }

  /**
   * What the export of a run says that it was trained with: integers alone tell the fewest bits
   * that hold them, and levels at 2 bits only. Empty if they do not fit into it: the description of
   * a model that was quantized again is of what it was before, and has no metrics.
   */
  private static Optional<Quantization> described(
      ModelDescription description, FrozenModel.Recovered found) {
    JsonNode settings = description.settings();
    if (settings == null
        || description.devMetrics().isEmpty()
        || !settings.path("bits").isTextual()) {
      return Optional.empty();
    }
    BitWidths said = BitWidths.parse(settings.path("bits").asText());
    BitWidths least = BitWidths.parse(found.bits());
    return holds(said.weights(), least.weights())
            && holds(said.embeddings(), least.embeddings())
            && said.activations() == least.activations()
        ? Optional.of(
            new Quantization(
                said,
                named(Levels.values(), settings.path("levels")).orElse(found.levels()),
                named(Granularity.values(), settings.path("granularity"))
                    .orElse(found.granularity())))
        : Optional.empty();
  }

  private static boolean holds(int width, int least) {
    return width == least || (width > least && width != BitWidths.FLOAT_BITS);
  }

  private static <E extends Enum<E>> Optional<E> named(E[] values, JsonNode name) {
    return Arrays.stream(values).filter(value -> value.name().equals(name.asText())).findFirst();
  }
}
