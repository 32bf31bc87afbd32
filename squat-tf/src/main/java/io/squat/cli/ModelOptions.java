package io.squat.cli;

import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Progress;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and which part of its SavedModel. */
final class ModelOptions {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR|NAME",
      description =
          "Folder or .tar.gz of a SavedModel, or bert-base-uncased: Google's BERT-base, fetched once"
              + " through Maven (408 MB).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String model;

  @Mixin private final ChoiceOptions choice = new ChoiceOptions();

  /**
   * The folder of the model, fetched if it is one that is known by name.
   *
   * @throws IllegalArgumentException if it is neither a folder nor such a name
   */
  Path folder(Progress progress) {
    return ModelCache.ofUser(System.getenv(), progress).folder(model);
  }

  /**
   * The folder of the model as it can be read and trained, see {@link ModelCache#readable}.
   *
   * @throws IllegalArgumentException as {@link #folder}, or if it is no SavedModel
   */
  Path readable(Progress progress) {
    return ModelCache.ofUser(System.getenv(), progress).readable(model, choice());
  }

  /** Which graph and signature. */
  SavedModelReader.Choice choice() {
    return choice.choice();
  }
}
