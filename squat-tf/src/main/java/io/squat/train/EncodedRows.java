package io.squat.train;

import io.squat.glue.EncodedExamples;
import io.squat.glue.Examples;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The rows of a run as the model takes them.
 *
 * @param train rows to train with
 * @param dev rows to score with after every epoch
 * @param further other rows with labels by the names of their splits
 */
record EncodedRows(
    EncodedExamples train, EncodedExamples dev, Map<String, EncodedExamples> further) {

  static EncodedRows of(
      Trainer.Inputs inputs, RunSettings settings, Function<Examples, EncodedExamples> encode) {
    Map<String, EncodedExamples> further = new LinkedHashMap<>();
    for (Examples examples : inputs.further()) {
      further.put(examples.split().toString(), encode.apply(examples));
    }
    return new EncodedRows(
        encode.apply(settings.trainingRows(inputs.train())), encode.apply(inputs.dev()), further);
  }
}
