package io.squat.eval;

import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Floats;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a model says about one text: a class with its probability, or a score.
 *
 * @param label the name of the class with the largest number (the first of equals); its index where
 *     the model has no names; null for a score
 * @param probability of that class, in [0, 1]; null for a score
 * @param probabilities of every class by its name, in the classes' order; empty for a score
 * @param score the value of regression, in the units of the training data; null for a class
 * @param truncated whether the text was longer than the longest length and was cut
 */
public record Prediction(
    @Nullable String label,
    @Nullable Float probability,
    Map<String, Float> probabilities,
    @Nullable Float score,
    boolean truncated) {

  /**
   * Copies the probabilities, in their order.
   *
   * @throws IllegalArgumentException unless there is either a label with a probability, or a score
   */
  public Prediction {
    probabilities = ImmutableMap.copyOf(probabilities);
    boolean isClass = label != null && probability != null && probabilities.containsKey(label);
    boolean isScore = label == null && probability == null && probabilities.isEmpty();
    if (score == null ? !isClass : !isScore) {
      throw new IllegalArgumentException(
          "prediction: expected a label with probabilities or a score, found label "
              + label
              + ", probability "
              + probability
              + ", probabilities "
              + probabilities
              + ", score "
              + score);
    }
  }

  /**
   * One row of a model's numbers.
   *
   * @param predictions all rows
   * @param row the row
   * @param labels the names of the classes; none if they are not known
   * @param truncated whether its text was cut
   * @throws IllegalStateException if the model gives neither probabilities, logits nor a score, or
   *     another number of classes than has names
   */
  static Prediction of(Predictions predictions, int row, List<String> labels, boolean truncated) {
    if (!labels.isEmpty() && labels.size() != predictions.columns()) {
      throw new IllegalStateException(
          "prediction: expected "
              + labels.size()
              + " classes, "
              + labels
              + ", found "
              + (predictions.kind() == OutputKind.SCORE ? "a score" : predictions.columns())
              + ": the labels are those of another model");
    }
    if (predictions.kind() == OutputKind.SCORE) {
      return new Prediction(null, null, Map.of(), predictions.row(row)[0], truncated);
    }
    float[] values = predictions.probabilities(row);
    ImmutableMap.Builder<String, Float> probabilities = ImmutableMap.builder();
    for (int i = 0; i < values.length; i++) {
      probabilities.put(name(labels, i), values[i]);
    }
    float[] numbers = predictions.row(row);
    int index = Floats.indexOf(numbers, Floats.max(numbers));
    return new Prediction(
        name(labels, index), values[index], probabilities.buildOrThrow(), null, truncated);
  }

  private static String name(List<String> labels, int index) {
    return labels.isEmpty() ? Integer.toString(index) : labels.get(index);
  }
}
