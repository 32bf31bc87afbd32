package io.squat.sharpness;

import com.google.common.primitives.Doubles;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealVector;

/**
 * The largest eigenvalues of the loss's Hessian, by Lanczos' method with full reorthogonalisation.
 *
 * <pre>
 * H v = (g(h v) - g(-h v)) / 2h,   g = dL/de,  ||v|| = 1
 * </pre>
 *
 * <p>A residual is {@code ||H x - lambda x||} with x the vector that was found and a product that
 * is taken anew, at half of h: of a symmetric H there is an eigenvalue within it, and where the
 * loss is not quadratic over h, or its gradients are too coarse for it, it is large. It need not be
 * the eigenvalue of that number: of a second one with a large residual little is known. (Golub and
 * Van Loan, Matrix Computations, section 10.1.)
 *
 * @param eigenvalues the algebraically largest ones, the largest first
 * @param smallest the smallest Ritz value: the smallest eigenvalue is this or less
 * @param diagonal of Lanczos' tridiagonal matrix
 * @param beside the diagonal beside it
 */
public record Spectrum(
    List<Eigenvalue> eigenvalues, double smallest, List<Double> diagonal, List<Double> beside) {
  /**
   * A Krylov space is complete when what is new in it is so much smaller than the largest value.
   */
  private static final double COMPLETE = 1e-7;

  /**
   * An eigenvalue.
   *
   * @param value lambda
   * @param residual how far the product with its vector is from lambda times it
   */
  public record Eigenvalue(double value, double residual) {
    private static final double ROUGH = 0.1;

    /** Whether more is left than a tenth of the value. */
    boolean isRough() {
      return residual > ROUGH * Math.abs(value);
    }
  }

  /**
   * The magnitude of the eigenvalue that is largest in magnitude, as far as the Ritz values tell.
   */
  public double magnitude() {
    return Math.max(eigenvalues.get(0).value(), -smallest);
  }

  /** Copies the lists. */
  public Spectrum {
    eigenvalues = List.copyOf(eigenvalues);
    diagonal = List.copyOf(diagonal);
    beside = List.copyOf(beside);
  }

  /**
   * Measures.
   *
   * @param loss the loss
   * @param count how many eigenvalues
   * @param iterations how many products with the Hessian, at most
   * @param difference h
   * @param seed decides the vector to begin with
   */
  static Spectrum of(Loss loss, int count, int iterations, double difference, long seed) {
    List<Weights> basis = new ArrayList<>();
    List<Double> diagonal = new ArrayList<>();
    List<Double> beside = new ArrayList<>();
    Weights next = loss.point().gaussian(seed, 0).ofNorm(1);
    double largest = 0;
    while (true) {
      basis.add(next);
      Weights rest = product(loss, next, difference);
      double along = rest.dot(next);
      diagonal.add(along);
      // Twice is enough: Kahan, in Parlett, The Symmetric Eigenvalue Problem, section 6.9.
      takeAway(basis, rest);
      takeAway(basis, rest);
      double norm = rest.norm();
      if (!Double.isFinite(norm)) {
        throw new IllegalStateException(
            "the gradients at a distance of "
                + difference
                + " are not finite; try another --difference");
      }
      largest = Math.max(largest, Math.max(Math.abs(along), norm));
      if (norm <= COMPLETE * largest || basis.size() == iterations) {
        return of(loss, basis, diagonal, beside, count, difference / 2);
      }
      beside.add(norm);
      next = rest.times(1 / norm);
    }
  }

  /** H v. */
  static Weights product(Loss loss, Weights v, double difference) {
    Weights product = loss.slope(v.times(difference)).gradient();
    product.add(-1, loss.slope(v.times(-difference)).gradient());
    return product.times(1 / (2 * difference));
  }

  private static void takeAway(List<Weights> basis, Weights from) {
    for (Weights v : basis) {
      from.add(-from.dot(v), v);
    }
  }

  private static Spectrum of(
      Loss loss,
      List<Weights> basis,
      List<Double> diagonal,
      List<Double> beside,
      int count,
      double difference) {
    EigenDecomposition decomposition =
        new EigenDecomposition(Doubles.toArray(diagonal), Doubles.toArray(beside));
    List<Integer> falling =
        IntStream.range(0, basis.size())
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -decomposition.getRealEigenvalue(i)))
            .toList();
    List<Eigenvalue> largest =
        falling.stream()
            .limit(count)
            .map(
                i -> {
                  double value = decomposition.getRealEigenvalue(i);
                  Weights vector = combined(basis, decomposition.getEigenvector(i));
                  Weights rest = product(loss, vector, difference);
                  rest.add(-value, vector);
                  return new Eigenvalue(value, rest.norm());
                })
            .toList();
    double smallest = decomposition.getRealEigenvalue(falling.get(falling.size() - 1));
    return new Spectrum(largest, smallest, diagonal, beside);
  }

  private static Weights combined(List<Weights> basis, RealVector factors) {
    Weights sum = basis.get(0).zeros();
    for (int i = 0; i < basis.size(); i++) {
      sum.add(factors.getEntry(i), basis.get(i));
    }
    return sum;
  }
}
