package io.squat.cli;

import io.squat.eval.Classifier;
import io.squat.eval.Evaluation;
import io.squat.eval.TextFormat;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Examples;
import io.squat.glue.Metric;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Progress;
import io.squat.train.RowWarnings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Scores a SavedModel on rows of a task, in a session of its own. */
final class Scoring {
  private Scoring() {}

  static Evaluation score(
      Path model,
      SavedModelReader.Choice choice,
      Examples examples,
      TextFormat text,
      RunOptions run,
      int batch,
      Progress progress) {
    EncodedExamples encoded;
    try (WordPiece wordPiece = WordPiece.open(text.vocabulary(), text.casing())) {
      encoded = wordPiece.encode(examples, text.maxLength());
    }
    RowWarnings.log(encoded, examples.split(), text.maxLength());
    Classifier.Options options = new Classifier.Options(choice, run.device(), run.threads());
    try (Classifier classifier = Classifier.open(model, options);
        Progress.Work work = progress.begin("scoring", "row", encoded.size())) {
      int[] done = {0};
      return Evaluation.of(
          classifier,
          examples,
          encoded,
          batch,
          rows -> {
            work.step(rows - done[0]);
            done[0] = rows;
          });
    }
  }

  static String metrics(Evaluation evaluation) {
    Map<String, Double> named = new LinkedHashMap<>();
    evaluation
        .metrics()
        .forEach((Metric metric, Double value) -> named.put(metric.displayName(), value));
    return named.isEmpty() ? "no labels" : ResultTable.metrics(named);
  }
}
