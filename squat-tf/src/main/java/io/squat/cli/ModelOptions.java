package io.squat.cli;

import java.util.List;
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

  String model() {
    return model;
  }

  @Nullable List<String> tags() {
    return tags;
  }

  @Nullable String signature() {
    return signature;
  }
}
