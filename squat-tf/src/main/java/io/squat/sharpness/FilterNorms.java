package io.squat.sharpness;

import java.util.ArrayList;
import java.util.List;

/** The Euclidean norm of each filter of some weights. */
final class FilterNorms {
  private final List<Matrix> matrices;

  /** Of each matrix the norms of its filters. */
  private final List<float[]> norms;

  private FilterNorms(List<Matrix> matrices, List<float[]> norms) {
    this.matrices = matrices;
    this.norms = norms;
  }

  static FilterNorms of(Weights weights) {
    List<float[]> norms = new ArrayList<>();
    for (int m = 0; m < weights.matrices().size(); m++) {
      Matrix matrix = weights.matrices().get(m);
      float[] values = weights.values(m);
      double[] squares = new double[matrix.filterCount()];
      for (int i = 0; i < values.length; i++) {
        squares[matrix.filter(i)] += (double) values[i] * values[i];
      }
      float[] norm = new float[squares.length];
      for (int filter = 0; filter < norm.length; filter++) {
        norm[filter] = (float) Math.sqrt(squares[filter]);
      }
      norms.add(norm);
    }
    return new FilterNorms(weights.matrices(), norms);
  }

  /** In every filter the quotient of two norms; zero where the other is zero. */
  FilterNorms over(FilterNorms other) {
    List<float[]> quotients = new ArrayList<>();
    for (int m = 0; m < norms.size(); m++) {
      float[] quotient = new float[norms.get(m).length];
      for (int filter = 0; filter < quotient.length; filter++) {
        float divisor = other.norms.get(m)[filter];
        quotient[filter] = divisor == 0 ? 0 : norms.get(m)[filter] / divisor;
      }
      quotients.add(quotient);
    }
    return new FilterNorms(matrices, quotients);
  }

  /** Each entry times the norm of its filter, as new weights. */
  Weights times(Weights weights) {
    List<float[]> products = new ArrayList<>();
    for (int m = 0; m < norms.size(); m++) {
      Matrix matrix = matrices.get(m);
      float[] values = weights.values(m);
      float[] norm = norms.get(m);
      float[] product = new float[values.length];
      boolean rows = matrix.filters() == Matrix.Filters.ROWS;
      for (int row = 0; row < matrix.rows(); row++) {
        int begin = row * matrix.columns();
        for (int column = 0; column < matrix.columns(); column++) {
          product[begin + column] = values[begin + column] * norm[rows ? row : column];
        }
      }
      products.add(product);
    }
    return Weights.of(matrices, products);
  }
}
