package io.squat.sharpness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.EigenDecomposition;

/**
 * The largest eigenvalues of the loss's Hessian, by Lanczos' method with full reorthogonalisation.
 *
 * <pre>
 * H v = (g(h v) - g(-h v)) / 2h,   g = dL/de,  ||v|| = 1
 * </pre>
 *
 * <p>The residual of an eigenvalue, {@code ||H x - lambda x||}, bounds how far it is from one of H:
 * there is one within it. (Golub and Van Loan, Matrix Computations, section 10.1.)
 *
 * @param eigenvalues the largest ones, the largest first
 */
public record Spectrum(List<Eigenvalue> eigenvalues) {
  /**
   * A Krylov space is complete when what is new in it is so much smaller than the largest value.
   */
  private static final double COMPLETE = 1e-7;

  /**
   * An eigenvalue.
   *
   * @param value lambda
   * @param residual of its eigenvector, by Lanczos' recurrence
   */
  public record Eigenvalue(double value, double residual) {}

  /** Copies the list. */
  public Spectrum {
    eigenvalues = List.copyOf(eigenvalues);
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
      Weights product = product(loss, next, difference);
      diagonal.add(product.dot(next));
      // Twice is enough: Kahan and Parlett.
      Weights rest = without(without(product, basis), basis);
      double norm = rest.norm();
      largest = Math.max(largest, Math.max(Math.abs(product.dot(next)), norm));
      boolean complete = norm <= COMPLETE * largest;
      beside.add(complete ? 0 : norm);
      if (complete || basis.size() == iterations) {
        return new Spectrum(eigenvalues(diagonal, beside, count));
      }
      next = rest.times(1 / norm);
    }
  }

  /** H v. */
  static Weights product(Loss loss, Weights v, double difference) {
    Weights ahead = loss.slope(v.times(difference)).gradient();
    Weights behind = loss.slope(v.times(-difference)).gradient();
    return ahead.plus(-1, behind).times(1 / (2 * difference));
  }

  private static Weights without(Weights vector, List<Weights> basis) {
    Weights rest = vector;
    for (Weights v : basis) {
      rest = rest.plus(-rest.dot(v), v);
    }
    return rest;
  }

  private static List<Eigenvalue> eigenvalues(
      List<Double> diagonal, List<Double> beside, int count) {
    int n = diagonal.size();
    double[] main = diagonal.stream().mapToDouble(Double::doubleValue).toArray();
    double[] secondary = beside.stream().limit(n - 1L).mapToDouble(Double::doubleValue).toArray();
    EigenDecomposition decomposition = new EigenDecomposition(main, secondary);
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                new Eigenvalue(
                    decomposition.getRealEigenvalue(i),
                    Math.abs(beside.get(n - 1) * decomposition.getEigenvector(i).getEntry(n - 1))))
        .sorted(Comparator.comparingDouble(Eigenvalue::value).reversed())
        .limit(count)
        .toList();
  }
}
