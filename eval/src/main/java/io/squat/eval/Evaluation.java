package io.squat.eval;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Examples;
import io.squat.glue.Metric;
import io.squat.glue.Split;
import io.squat.glue.Task;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * How well a model does on a split of a task.
 *
 * @param task the task
 * @param split the split
 * @param rows how many rows were scored
 * @param skippedRows how many rows of the file were not, see {@link Examples}
 * @param dataHash SHA-256 of the split's file, in hexadecimal
 * @param metrics the task's metrics, the headline's first; empty if the split has no labels
 * @param predictions what the model said, in the order of the file
 * @param millisecondsPerSentence time in the model and around it, from token ids to numbers,
 *     divided by the rows; a run of the first batch, that of the longest rows, warms the model up
 *     before and is left out
 * @param peakMemoryBytes the most memory of this process so far, see {@link ProcessMemory}
 */
public record Evaluation(
    Task task,
    Split split,
    int rows,
    int skippedRows,
    String dataHash,
    Map<Metric, Double> metrics,
    Predictions predictions,
    double millisecondsPerSentence,
    long peakMemoryBytes) {

  private static final double NANOSECONDS_PER_MILLISECOND = 1e6;

  /** Copies the metrics, in their order. */
  public Evaluation {
    metrics = ImmutableMap.copyOf(metrics);
  }

  /**
   * Scores a model.
   *
   * @param classifier the model
   * @param examples the split
   * @param encoded the same rows as token ids
   * @param batchSize rows a batch, at least 1
   * @param rowsDone told, after each batch, how many rows are done
   * @throws IllegalArgumentException if the model's output does not fit the task, or rows do not
   *     fit the model
   * @throws IllegalStateException if the model fails, see {@link Classifier#predict}
   */
  public static Evaluation of(
      Classifier classifier,
      Examples examples,
      EncodedExamples encoded,
      int batchSize,
      IntConsumer rowsDone) {
    if (encoded.size() != examples.rows().size()) {
      throw new IllegalArgumentException(
          "evaluation: expected as many encoded rows as rows, found "
              + encoded.size()
              + " of "
              + examples.rows().size());
    }
    Batches batches = Batches.sequential(encoded, batchSize);
    Predictions warmUp = classifier.predict(batches.get(0));
    checkFits(classifier, examples.task(), warmUp);
    long start = System.nanoTime();
    Predictions predictions = classifier.predict(encoded, batchSize, rowsDone);
    double milliseconds = (System.nanoTime() - start) / NANOSECONDS_PER_MILLISECOND;
    return new Evaluation(
        examples.task(),
        examples.split(),
        encoded.size(),
        examples.skippedRows(),
        examples.sha256(),
        metrics(examples, predictions),
        predictions,
        milliseconds / encoded.size(),
        ProcessMemory.now().peakBytes());
  }

  private static void checkFits(Classifier classifier, Task task, Predictions predictions) {
    int expected = task.isRegression() ? 1 : task.labels().size();
    if (predictions.columns() != expected) {
      throw new IllegalArgumentException(
          classifier.folder()
              + ": output "
              + classifier.outputName()
              + ": expected "
              + (task.isRegression() ? "one score" : "classes " + task.labels())
              + " for task "
              + task.displayName()
              + ", found "
              + (predictions.columns() == 1 ? "one score" : predictions.columns() + " numbers")
              + " a row; score the task that the model was trained for");
    }
  }

  private static Map<Metric, Double> metrics(Examples examples, Predictions predictions) {
    if (!examples.split().isLabelled()) {
      return Map.of();
    }
    ImmutableMap.Builder<Metric, Double> metrics = ImmutableMap.builder();
    for (Metric metric : examples.task().metrics()) {
      metrics.put(metric, metric.value(predictions.labels(), examples.labels()));
    }
    return metrics.buildOrThrow();
  }

  /**
   * The evaluation as a JSON object, less the predictions:
   *
   * <pre>
   * {"task": "MRPC", "split": "dev", "rows": 408, "skippedRows": 0, "dataHash": "9f86...",
   *  "metrics": {"F1": 0.89, "accuracy": 0.85}, "millisecondsPerSentence": 31.5,
   *  "peakMemoryBytes": 1288490188}
   * </pre>
   *
   * <p>Metrics are fractions, not percent.
   */
  public ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("task", task.displayName())
        .put("split", split.toString())
        .put("rows", rows)
        .put("skippedRows", skippedRows)
        .put("dataHash", dataHash);
    ObjectNode values = json.putObject("metrics");
    metrics.forEach((metric, value) -> values.put(metric.displayName(), value));
    return json.put("millisecondsPerSentence", millisecondsPerSentence)
        .put("peakMemoryBytes", peakMemoryBytes);
  }
}
