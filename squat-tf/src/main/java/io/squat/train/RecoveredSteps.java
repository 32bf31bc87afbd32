package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
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
    return Files.isRegularFile(file)
        ? WholeFiles.readJson(file, FrozenModel.Recovered.class)
        : null;
  }
}
