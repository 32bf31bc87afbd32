package io.squat.train;

import java.util.Arrays;
import java.util.Optional;

/** A model that is known by its files, so that a card can name it and its licence. */
enum KnownModel {
  /** Google's BERT-base of TF Hub. */
  BERT_BASE_UNCASED(
      "dc613caf80d97aef575dc2faaf69dcda542020491550d67267df7fb0f6cdc3ec",
      "`bert-base-uncased`, Google's BERT-base of TF Hub (Devlin et al., 2019)",
      "Apache-2.0");

  private final String hash;
  private final String description;
  private final String licence;

  KnownModel(String hash, String description, String licence) {
    this.hash = hash;
    this.description = description;
    this.licence = licence;
  }

  /** The model of a hash, as {@link RunSettings#model} has it. */
  static Optional<KnownModel> ofHash(String hash) {
    return Arrays.stream(values()).filter(model -> model.hash.equals(hash)).findFirst();
  }

  /** Its name and who made it. */
  String description() {
    return description;
  }

  /** Its licence. */
  String licence() {
    return licence;
  }
}
