package io.squat.sharpness;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * A loss whose Hessian is known.
 *
 * <pre>
 * L(e) = 3 + b e + e H e / 2,   H = Q diag(eigenvalues) Q'
 * </pre>
 */
final class Quadratic implements Loss {
  static final double AT_ORIGIN = 3;
  static final List<Matrix> MATRICES =
      List.of(
          new Matrix("kernel", 2, 3, Matrix.Filters.COLUMNS),
          new Matrix("table", 3, 2, Matrix.Filters.ROWS));

  private static final int SIZE = 12;

  final double[] eigenvalues;

  /** b in the basis of the eigenvectors. */
  final double[] slope;

  private final RealMatrix vectors;
  private final RealMatrix hessian;
  private final double[] linear;
  private final Weights point;

  Quadratic(double[] eigenvalues, double[] slope, Weights point) {
    this.eigenvalues = eigenvalues;
    this.slope = slope;
    this.point = point;
    Random random = new Random(5);
    double[][] drawn = new double[SIZE][SIZE];
    for (double[] row : drawn) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    this.vectors = new QRDecomposition(new Array2DRowRealMatrix(drawn)).getQ();
    RealMatrix diagonal = new Array2DRowRealMatrix(SIZE, SIZE);
    for (int i = 0; i < SIZE; i++) {
      diagonal.setEntry(i, i, eigenvalues[i]);
    }
    this.hessian = vectors.multiply(diagonal).multiply(vectors.transpose());
    this.linear = vectors.operate(slope);
  }

  static Weights point(long seed) {
    return Weights.of(MATRICES, List.of(new float[6], new float[6])).gaussian(seed, 0);
  }

  @Override
  public Weights point() {
    return point;
  }

  @Override
  public double at(Weights displacement) {
    double[] e = flat(displacement);
    double[] he = hessian.operate(e);
    double sum = AT_ORIGIN;
    for (int i = 0; i < SIZE; i++) {
      sum += e[i] * (linear[i] + he[i] / 2);
    }
    return sum;
  }

  @Override
  public Slope slope(Weights displacement) {
    double[] he = hessian.operate(flat(displacement));
    float[] first = new float[6];
    float[] second = new float[6];
    for (int i = 0; i < SIZE; i++) {
      (i < 6 ? first : second)[i % 6] = (float) (linear[i] + he[i]);
    }
    return new Slope(at(displacement), Weights.of(MATRICES, List.of(first, second)));
  }

  /** H; not a copy. */
  RealMatrix hessian() {
    return hessian;
  }

  static double[] flat(Weights weights) {
    double[] all = new double[SIZE];
    for (int i = 0; i < SIZE; i++) {
      all[i] = weights.values(i / 6)[i % 6];
    }
    return all;
  }
}
