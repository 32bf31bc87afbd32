package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A number for each entry of some matrices: weights, a displacement of them, or a gradient. Numbers
 * and factors of them are float32, sums over them float64: loops that convert every number take ten
 * times as long.
 */
public final class Weights {
  private final List<Matrix> matrices;
  private final List<float[]> values;

  private Weights(List<Matrix> matrices, List<float[]> values) {
    this.matrices = matrices;
    this.values = values;
  }

  /**
   * Weights with these values, which are not copied.
   *
   * @param matrices names and shapes
   * @param values the entries of each, row by row
   * @throws IllegalArgumentException if a matrix has another number of entries
   */
  public static Weights of(List<Matrix> matrices, List<float[]> values) {
    checkArgument(
        matrices.size() == values.size(),
        "expected values of %s matrices, found %s",
        matrices.size(),
        values.size());
    for (int i = 0; i < matrices.size(); i++) {
      checkArgument(
          matrices.get(i).size() == values.get(i).length,
          "%s: found %s values",
          matrices.get(i),
          values.get(i).length);
    }
    return new Weights(List.copyOf(matrices), List.copyOf(values));
  }

  /** Zeros of the same shapes. */
  public Weights zeros() {
    return new Weights(matrices, matrices.stream().map(m -> new float[m.size()]).toList());
  }

  /**
   * Independent normally distributed numbers of mean 0 and deviation 1, of the same shapes.
   *
   * @param seed and
   * @param number decide them, on every Java platform
   */
  public Weights gaussian(long seed, int number) {
    long mixed = Hashing.murmur3_128().newHasher().putLong(seed).putInt(number).hash().asLong();
    // Random and not SplittableRandom: its algorithm is part of its documentation.
    Random random = new Random(mixed);
    Weights drawn = zeros();
    for (float[] block : drawn.values) {
      for (int i = 0; i < block.length; i++) {
        block[i] = (float) random.nextGaussian();
      }
    }
    return drawn;
  }

  /** Names and shapes. */
  public List<Matrix> matrices() {
    return matrices;
  }

  /** The entries of a matrix, row by row; not a copy. */
  public float[] values(int matrix) {
    return values.get(matrix);
  }

  /** The number of entries. */
  public long size() {
    return matrices.stream().mapToLong(Matrix::size).sum();
  }

  /** The sum of products, in float64. */
  public double dot(Weights other) {
    double sum = 0;
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] b = other.values.get(m);
      for (int i = 0; i < a.length; i++) {
        sum += (double) a[i] * b[i];
      }
    }
    return sum;
  }

  /** The Euclidean norm over all entries. */
  public double norm() {
    return Math.sqrt(dot(this));
  }

  /** {@code factor * this}, as new weights. */
  public Weights times(double factor) {
    float narrow = (float) factor;
    List<float[]> products = new ArrayList<>();
    for (float[] a : values) {
      float[] product = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        product[i] = narrow * a[i];
      }
      products.add(product);
    }
    return new Weights(matrices, products);
  }

  /** {@code this + factor * other}, as new weights. */
  public Weights plus(double factor, Weights other) {
    float narrow = (float) factor;
    List<float[]> sums = new ArrayList<>();
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] b = other.values.get(m);
      float[] sum = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        sum[i] = a[i] + narrow * b[i];
      }
      sums.add(sum);
    }
    return new Weights(matrices, sums);
  }

  /** Adds {@code factor * other} to these. */
  void add(double factor, Weights other) {
    float narrow = (float) factor;
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] b = other.values.get(m);
      for (int i = 0; i < a.length; i++) {
        a[i] += narrow * b[i];
      }
    }
  }

  /** The same direction with a norm; zeros stay zeros. */
  public Weights ofNorm(double norm) {
    double own = norm();
    return own == 0 ? this : times(norm / own);
  }

  /**
   * The same direction with, in every filter, the norm that the filter has in other weights.
   *
   * <p>Source: Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 4.
   */
  public Weights filterNormalised(Weights like) {
    return FilterNorms.of(like).over(FilterNorms.of(this)).times(this);
  }
}
