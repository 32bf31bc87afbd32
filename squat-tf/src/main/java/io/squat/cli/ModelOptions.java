package io.squat.cli;

import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and which part of its SavedModel. */
final class ModelOptions {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR|NAME",
      description =
          "Folder of a SavedModel, or bert-base-uncased: Google's BERT-base, fetched once through"
              + " Maven (408 MB).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String model;

  @Option(
      names = "--tags",
      split = ",",
      paramLabel = "TAG",
      description = "Tags of the graph in the SavedModel (default: the only one, else serve).")
  private @Nullable List<String> tags;

  @Option(
      names = "--signature",
      paramLabel = "NAME",
      description = "Signature of the SavedModel (default: serving_default, else the only one).")
  private @Nullable String signature;

  /**
   * The folder of the model, fetched if it is one that is known by name.
   *
   * @throws IllegalArgumentException if it is neither a folder nor such a name
   */
  Path folder(Progress progress) {
    return ModelCache.ofUser(System.getenv(), progress).folder(model);
  }

  /** Which graph and signature. */
  SavedModelReader.Choice choice() {
    return new SavedModelReader.Choice(tags == null ? null : Set.copyOf(tags), signature);
  }
}
