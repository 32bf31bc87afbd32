package io.squat.eval;

import io.squat.eval.ModelOutputs.Vectors;
import io.squat.glue.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How near another model comes to a model, output by output: such as a quantized one to the float
 * one that it was made of.
 *
 * <p>An output is compared vector by vector: [B, C] by rows, [B, T, H] by tokens, those of padding
 * left out.
 */
public final class OutputComparison {
  private final List<String> names;
  private final List<Sums> sums = new ArrayList<>();
  private final ModelOutputs reference;
  private final ModelOutputs other;

  /**
   * Compares the outputs that two models have in common by name.
   *
   * @param reference the model that is compared with
   * @param other the model that is compared
   * @throws IllegalArgumentException if no output has the same name in both
   */
  public OutputComparison(ModelOutputs reference, ModelOutputs other) {
    this.reference = reference;
    this.other = other;
    this.names = reference.names().stream().filter(other.names()::contains).toList();
    if (names.isEmpty()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: expected an output of %s, one of %s, found %s",
              other.folder(),
              reference.folder(),
              reference.names(),
              other.names()));
    }
    names.forEach(name -> sums.add(new Sums()));
  }

  /**
   * What was found for one output.
   *
   * @param output its name in the signature
   * @param vectors how many were compared
   * @param size numbers of each
   * @param meanCosine mean over the vectors of the cosine of the angle between the reference's and
   *     the other's, in [-1, 1]; null where a vector is one number
   * @param leastCosine the least of them; null where a vector is one number
   * @param relativeError norm of all differences by the norm of the reference's numbers; infinite
   *     if those are all zeros and the other's are not
   * @param largestDifference of two numbers
   * @param equalClasses the share of rows of which both predict the same class, in [0, 1]; null for
   *     an output that predicts none
   */
  public record Difference(
      String output,
      long vectors,
      int size,
      @Nullable Double meanCosine,
      @Nullable Double leastCosine,
      double relativeError,
      double largestDifference,
      @Nullable Double equalClasses) {}

  /**
   * Runs both models on a batch.
   *
   * @throws IllegalArgumentException if an output has another size in one than in the other, or the
   *     rows are longer than a model takes
   * @throws IllegalStateException if a model fails, or gives anything but finite numbers
   */
  public void add(Batch batch) {
    List<Vectors> expected = reference.of(batch, names);
    List<Vectors> found = other.of(batch, names);
    for (int i = 0; i < names.size(); i++) {
      requireSameSize(names.get(i), expected.get(i), found.get(i));
      sums.get(i).add(batch, expected.get(i), found.get(i));
    }
  }

  private void requireSameSize(String name, Vectors expected, Vectors found) {
    if (expected.size() != found.size()
        || (expected.tokens() == Vectors.ROW) != (found.tokens() == Vectors.ROW)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: output %s: expected %s as in %s, found %s",
              other.folder(),
              name,
              described(expected),
              reference.folder(),
              described(found)));
    }
  }

  private static String described(Vectors vectors) {
    return vectors.size() + " numbers a " + (vectors.tokens() == Vectors.ROW ? "row" : "token");
  }

  /** What the batches showed, one entry an output. */
  public List<Difference> differences() {
    List<Difference> differences = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      differences.add(
          sums.get(i).difference(name, reference.predicts(name) && other.predicts(name)));
    }
    return differences;
  }

  /** Sums over the vectors of one output. */
  private static final class Sums {
    private long vectors;
    private int size;
    private double cosines;
    private double leastCosine = 1;
    private double squaredDifferences;
    private double squares;
    private double largest;
    private long equal;

    void add(Batch batch, Vectors expected, Vectors found) {
      size = expected.size();
      int tokens = expected.tokens() == Vectors.ROW ? 1 : batch.length();
      for (int row = 0; row < batch.rows(); row++) {
        for (int token = 0; token < tokens; token++) {
          if (expected.tokens() == Vectors.ROW || batch.mask()[row * tokens + token] != 0) {
            add(
                expected.values(),
                expected.start(row, token),
                found.values(),
                found.start(row, token));
          }
        }
      }
    }

    private void add(float[] a, int startA, float[] b, int startB) {
      double product = 0;
      double squaresA = 0;
      double squaresB = 0;
      int mostA = 0;
      int mostB = 0;
      for (int i = 0; i < size; i++) {
        double x = a[startA + i];
        double y = b[startB + i];
        product += x * y;
        squaresA += x * x;
        squaresB += y * y;
        squaredDifferences += (x - y) * (x - y);
        largest = Math.max(largest, Math.abs(x - y));
        mostA = a[startA + i] > a[startA + mostA] ? i : mostA;
        mostB = b[startB + i] > b[startB + mostB] ? i : mostB;
      }
      double norms = Math.sqrt(squaresA) * Math.sqrt(squaresB);
      double quotient = norms == 0 ? (squaresA == squaresB ? 1 : 0) : product / norms;
      double cosine = Math.max(-1, Math.min(quotient, 1)); // rounding can lead beyond
      vectors++;
      squares += squaresA;
      cosines += cosine;
      leastCosine = Math.min(leastCosine, cosine);
      equal += mostA == mostB ? 1 : 0;
    }

    Difference difference(String output, boolean predicts) {
      boolean several = size > 1;
      double relative = Math.sqrt(squaredDifferences) / Math.sqrt(squares);
      return new Difference(
          output,
          vectors,
          size,
          several ? cosines / vectors : null,
          several ? leastCosine : null,
          squaredDifferences == 0 ? 0 : relative,
          largest,
          several && predicts ? (double) equal / vectors : null);
    }
  }
}
