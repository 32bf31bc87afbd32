package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A number for each entry of some matrices: weights, a displacement of them, or a gradient. Numbers
 * are float32, sums over them float64.
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
    List<float[]> products = new ArrayList<>();
    for (float[] a : values) {
      float[] product = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        product[i] = (float) (factor * a[i]);
      }
      products.add(product);
    }
    return new Weights(matrices, products);
  }

  /** Each entry times the other's, as new weights. */
  public Weights times(Weights other) {
    List<float[]> products = new ArrayList<>();
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] b = other.values.get(m);
      float[] product = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        product[i] = a[i] * b[i];
      }
      products.add(product);
    }
    return new Weights(matrices, products);
  }

  /** {@code this + factor * other}, as new weights. */
  public Weights plus(double factor, Weights other) {
    List<float[]> sums = new ArrayList<>();
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] b = other.values.get(m);
      float[] sum = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        sum[i] = (float) (a[i] + factor * b[i]);
      }
      sums.add(sum);
    }
    return new Weights(matrices, sums);
  }

  /** The same direction with a norm; zeros stay zeros. */
  public Weights ofNorm(double norm) {
    double own = norm();
    return own == 0 ? this : times(norm / own);
  }

  /** In the place of each entry the Euclidean norm of its filter. */
  public Weights filterNorms() {
    List<float[]> norms = new ArrayList<>();
    for (int m = 0; m < values.size(); m++) {
      Matrix matrix = matrices.get(m);
      float[] a = values.get(m);
      double[] squares = new double[matrix.filterCount()];
      for (int i = 0; i < a.length; i++) {
        squares[matrix.filter(i)] += (double) a[i] * a[i];
      }
      float[] norm = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        norm[i] = (float) Math.sqrt(squares[matrix.filter(i)]);
      }
      norms.add(norm);
    }
    return new Weights(matrices, norms);
  }

  /**
   * The same direction with, in every filter, the norm that the filter has in other weights.
   *
   * <p>Source: Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 4.
   */
  public Weights filterNormalised(Weights like) {
    Weights own = filterNorms();
    Weights wanted = like.filterNorms();
    List<float[]> scaled = new ArrayList<>();
    for (int m = 0; m < values.size(); m++) {
      float[] a = values.get(m);
      float[] is = own.values.get(m);
      float[] wants = wanted.values.get(m);
      float[] b = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        b[i] = is[i] == 0 ? 0 : a[i] * (wants[i] / is[i]);
      }
      scaled.add(b);
    }
    return new Weights(matrices, scaled);
  }
}
