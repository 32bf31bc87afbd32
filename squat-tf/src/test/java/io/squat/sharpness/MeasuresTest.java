package io.squat.sharpness;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.train.Progress;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;

/** All measures of a quadratic loss, in closed form. */
class MeasuresTest {
  private static final double[] EIGENVALUES = {9, 7.5, 4, 2, 1, 0.5, 0.25, 0.1, 0, -0.5, -1, -3};
  private static final double[] SLOPE = {
    0.3, -0.2, 0.5, 0.1, -0.4, 0.2, 0.1, 0.6, -0.3, 0.2, -0.1, 0.4
  };
  private static final double[] NO_SLOPE = new double[12];

  /** Gradients are float32, of numbers up to 10. */
  private static final double TOLERANCE = 1e-5;

  private static final Quadratic QUADRATIC = new Quadratic(EIGENVALUES, SLOPE, Quadratic.point(1));

  @Test
  void eigenvaluesAreThoseOfTheHessian() {
    for (double difference : new double[] {0.01, 1}) {
      List<Spectrum.Eigenvalue> found = Spectrum.of(QUADRATIC, 3, 12, difference, 1).eigenvalues();
      for (int i = 0; i < 3; i++) {
        assertEquals(EIGENVALUES[i], found.get(i).value(), 1e-3, "eigenvalue " + i);
        assertTrue(found.get(i).residual() < 1e-2, "residual " + found.get(i).residual());
      }
      assertEquals(-3, Spectrum.of(QUADRATIC, 1, 12, difference, 1).smallest(), 1e-3);
    }
  }

  @Test
  void aResidualBoundsTheErrorBeforeTheEnd() {
    for (Spectrum.Eigenvalue found : Spectrum.of(QUADRATIC, 3, 5, 1, 1).eigenvalues()) {
      double error =
          Arrays.stream(EIGENVALUES)
              .map(value -> Math.abs(value - found.value()))
              .min()
              .orElseThrow();
      assertTrue(error <= found.residual() + TOLERANCE, error + " of " + found);
    }
  }

  /** A loss of the fourth order in the first weight, whose curvature there grows with h. */
  @Test
  void aResidualShowsThatTheLossIsNotQuadraticOverTheDifference() {
    Loss quartic =
        new Loss() {
          @Override
          public Weights point() {
            return QUADRATIC.point();
          }

          @Override
          public double at(Weights displacement) {
            throw new AssertionError("only slopes are asked for");
          }

          @Override
          public Slope slope(Weights displacement) {
            float[] first = new float[6];
            float e = displacement.values(0)[0];
            first[0] = 9 * e + 4 * e * e * e;
            first[1] = 2 * displacement.values(0)[1];
            return new Slope(0, Weights.of(Quadratic.MATRICES, List.of(first, new float[6])));
          }
        };
    // The curvature is 9 + 4 h^2 by a difference of h, 9 + h^2 by one of h / 2.
    Spectrum.Eigenvalue wide = Spectrum.of(quartic, 1, 4, 0.5, 1).eigenvalues().get(0);
    assertTrue(wide.residual() > 0.3, wide.toString());
    Spectrum.Eigenvalue narrow = Spectrum.of(quartic, 1, 4, 0.02, 1).eigenvalues().get(0);
    assertEquals(9, narrow.value(), 0.01);
    assertTrue(narrow.residual() < 0.02, narrow.toString());
  }

  @Test
  void aKrylovSpaceThatIsCompleteEndsTheSearch() {
    double[] one = new double[12];
    one[0] = 5;
    Spectrum found = Spectrum.of(new Quadratic(one, SLOPE, Quadratic.point(1)), 3, 12, 1, 1);
    assertEquals(5, found.eigenvalues().get(0).value(), 1e-4);
    // The first vector and H times it span all that there is, up to what float32 leaves.
    assertTrue(found.diagonal().size() < 12, found.diagonal().size() + " products");
  }

  @Test
  void theFirstRiseIsThatAlongTheGradient() {
    double rho = 0.7;
    double norm = 0;
    double curvature = 0;
    for (int i = 0; i < 12; i++) {
      norm += SLOPE[i] * SLOPE[i];
      curvature += EIGENVALUES[i] * SLOPE[i] * SLOPE[i];
    }
    double expected = rho * Math.sqrt(norm) + rho * rho * curvature / norm / 2;
    assertEquals(expected, epsilon(QUADRATIC, rho, 0).first(), TOLERANCE);
    assertEquals(expected, epsilon(QUADRATIC, rho, 4).first(), TOLERANCE);
  }

  /**
   * The maximum of a quadratic in a ball: e = (lambda - H)^-1 b with lambda over the largest
   * eigenvalue and ||e|| = rho, where it is not inside.
   */
  @Test
  void theMaximumIsThatOfTheBall() {
    double rho = 0.7;
    double low = EIGENVALUES[0];
    double high = 1000;
    for (int i = 0; i < 200; i++) {
      double lambda = (low + high) / 2;
      double square = 0;
      for (int k = 0; k < 12; k++) {
        square += Math.pow(SLOPE[k] / (lambda - EIGENVALUES[k]), 2);
      }
      if (Math.sqrt(square) > rho) {
        low = lambda;
      } else {
        high = lambda;
      }
    }
    double expected = 0;
    for (int k = 0; k < 12; k++) {
      double e = SLOPE[k] / (low - EIGENVALUES[k]);
      expected += e * SLOPE[k] + EIGENVALUES[k] * e * e / 2;
    }
    EpsilonSharpness found = epsilon(QUADRATIC, rho, 60);
    assertEquals(expected, found.maximum(), 1e-3 * expected);
    assertTrue(found.maximum() > found.first() + 0.1);
  }

  @Test
  void theLastStepIsAPartOfTheMaximum() {
    assertEquals(0.2, new EpsilonSharpness(1, 3, 5, List.of(3.0, 4.0, 5.0)).lastStep(), 1e-12);
    assertEquals(0, new EpsilonSharpness(1, 3, 5, List.of(3.0, 5.0, 4.0)).lastStep());
    assertEquals(0, new EpsilonSharpness(1, 3, 3, List.of(3.0)).lastStep());
    assertEquals(0, new EpsilonSharpness(1, -3, 0, List.of(-3.0, -2.0)).lastStep());
  }

  /** Half of the largest eigenvalue times rho squared, from no slope at all. */
  @Test
  void withoutAGradientTheAscentBeginsAtRandom() {
    double rho = 0.7;
    Quadratic flat = new Quadratic(EIGENVALUES, NO_SLOPE, Quadratic.point(1));
    double expected = rho * rho * EIGENVALUES[0] / 2;
    assertEquals(expected, epsilon(flat, rho, 200).maximum(), 1e-3 * expected);
  }

  /** The point itself is in the ball. */
  @Test
  void theMaximumIsNotNegative() {
    double[] falling = new double[12];
    Arrays.fill(falling, -9);
    EpsilonSharpness found = epsilon(new Quadratic(falling, SLOPE, Quadratic.point(1)), 5, 0);
    assertTrue(found.first() < 0, found.toString());
    assertEquals(0, found.maximum());
  }

  @Test
  void gradientsThatAreNotFiniteAreNamed() {
    double[] huge = new double[12];
    Arrays.fill(huge, Double.POSITIVE_INFINITY);
    Quadratic loss = new Quadratic(huge, SLOPE, Quadratic.point(1));
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> Spectrum.of(loss, 1, 3, 0.01, 1));
    assertTrue(String.valueOf(thrown.getMessage()).contains("not finite"), thrown.toString());
  }

  @Test
  void aLossThatIsNoNumberEndsTheMeasurement() {
    for (double radius : new double[] {0, 0.4}) {
      Loss broken =
          new Loss() {
            @Override
            public Weights point() {
              return QUADRATIC.point();
            }

            @Override
            public double at(Weights displacement) {
              return displacement.norm() < radius ? QUADRATIC.at(displacement) : Double.NaN;
            }

            @Override
            public Slope slope(Weights displacement) {
              return new Slope(at(displacement), QUADRATIC.slope(displacement).gradient());
            }
          };
      IllegalStateException thrown =
          assertThrows(
              IllegalStateException.class,
              () -> withoutSurface(broken, settings(1), Progress.NONE));
      String expected =
          radius == 0 ? "NaN at the trained weights" : "NaN where weights are displaced by 0.500;";
      assertTrue(String.valueOf(thrown.getMessage()).contains(expected), thrown.toString());
    }
  }

  @Test
  void rhoZeroGivesZero() {
    assertEquals(
        new EpsilonSharpness(0, 0, 0, List.of(0.0, 0.0, 0.0, 0.0)), epsilon(QUADRATIC, 0, 3));
    for (AverageSharpness found :
        AverageSharpness.of(QUADRATIC, Quadratic.AT_ORIGIN, List.of(0.0), 5, 1)) {
      assertEquals(0, found.mean(), 1e-12);
      assertEquals(0, found.deviation(), 1e-12);
    }
  }

  /** E[z H z] / ||z||^2 is the trace over the dimensions; the slope cancels in each direction. */
  @Test
  void theAverageIsHalfTheMeanEigenvalue() {
    double trace = Arrays.stream(EIGENVALUES).sum();
    double rho = 2;
    AverageSharpness found =
        AverageSharpness.of(QUADRATIC, Quadratic.AT_ORIGIN, List.of(rho), 4000, 3).get(0);
    double expected = rho * rho * trace / 12 / 2;
    double standardError = found.deviation() / Math.sqrt(4000);
    assertEquals(expected, found.mean(), 4 * standardError);
    assertTrue(standardError < expected / 20);
    Quadratic flat = new Quadratic(EIGENVALUES, NO_SLOPE, Quadratic.point(1));
    AverageSharpness withoutSlope =
        AverageSharpness.of(flat, Quadratic.AT_ORIGIN, List.of(rho), 4000, 3).get(0);
    assertEquals(withoutSlope.mean(), found.mean(), TOLERANCE);
    assertEquals(withoutSlope.deviation(), found.deviation(), TOLERANCE);
  }

  /** Two directions of one curvature, and a slope of 1 along the first. */
  @Test
  void theDeviationIsThatOverDirections() {
    Weights first = QUADRATIC.point().gaussian(1, 0).ofNorm(1);
    Weights second = QUADRATIC.point().gaussian(1, 1).ofNorm(1);
    AverageSharpness found =
        AverageSharpness.of(QUADRATIC, Quadratic.AT_ORIGIN, List.of(1.0), 2, 1).get(0);
    List<Double> rises =
        List.of(
            QUADRATIC.at(first) - Quadratic.AT_ORIGIN,
            QUADRATIC.at(first.times(-1)) - Quadratic.AT_ORIGIN,
            QUADRATIC.at(second) - Quadratic.AT_ORIGIN,
            QUADRATIC.at(second.times(-1)) - Quadratic.AT_ORIGIN);
    assertEquals(rises, found.rises());
    double a = (rises.get(0) + rises.get(1)) / 2;
    double b = (rises.get(2) + rises.get(3)) / 2;
    assertEquals((a + b) / 2, found.mean(), 1e-12);
    assertEquals(Math.abs(a - b) / Math.sqrt(2), found.deviation(), 1e-12);
  }

  @Test
  void scaledSlopesAreThoseOfTheScaledLoss() {
    ScaledLoss scaled = new ScaledLoss(QUADRATIC);
    Weights u = Quadratic.point(9).times(0.1);
    float[] gradient = scaled.slope(u).gradient().values(0);
    double h = 1e-2;
    for (int i = 0; i < 6; i++) {
      float[] unit = new float[6];
      unit[i] = (float) h;
      Weights direction = Weights.of(Quadratic.MATRICES, List.of(unit, new float[6]));
      double expected =
          (scaled.at(u.plus(1, direction)) - scaled.at(u.plus(-1, direction))) / 2 / h;
      assertEquals(expected, gradient[i], 1e-3);
    }
  }

  /** Weights twice as large, with a loss that takes them half: the same network. */
  @Test
  void adaptiveMeasuresDoNotSeeTheScaleOfTheWeights() {
    Loss wide =
        new Loss() {
          @Override
          public Weights point() {
            return QUADRATIC.point().times(2);
          }

          @Override
          public double at(Weights displacement) {
            return QUADRATIC.at(displacement.times(0.5));
          }

          @Override
          public Slope slope(Weights displacement) {
            Slope slope = QUADRATIC.slope(displacement.times(0.5));
            return new Slope(slope.loss(), slope.gradient().times(0.5));
          }
        };
    Sharpness a = measured(QUADRATIC, settings(1));
    Sharpness b = measured(wide, settings(1));
    assertEquals(a.adaptive().gradientNorm(), b.adaptive().gradientNorm(), 1e-5);
    assertEquals(2 * a.weightNorm(), b.weightNorm(), 1e-5);
    assertEquals(
        a.adaptive().epsilon().get(0).maximum(), b.adaptive().epsilon().get(0).maximum(), 1e-5);
    assertEquals(a.adaptive().average().get(0).mean(), b.adaptive().average().get(0).mean(), 1e-5);
    assertEquals(
        a.adaptive().hessian().eigenvalues().get(0).value(),
        b.adaptive().hessian().eigenvalues().get(0).value(),
        1e-2);
    assertTrue(
        Math.abs(
                a.plain().hessian().eigenvalues().get(0).value()
                    - b.plain().hessian().eigenvalues().get(0).value())
            > 5);
    assertEquals(surface(a).loss().get(0).get(2), surface(b).loss().get(0).get(2), 1e-5);
  }

  @Test
  void filtersOfADirectionHaveTheNormsOfTheWeights() {
    Weights direction = Quadratic.point(7).filterNormalised(QUADRATIC.point());
    for (int matrix = 0; matrix < 2; matrix++) {
      for (int filter = 0; filter < 3; filter++) {
        double found = 0;
        double expected = 0;
        for (int k = 0; k < 2; k++) {
          int i = matrix == 0 ? k * 3 + filter : filter * 2 + k;
          found += Math.pow(direction.values(matrix)[i], 2);
          expected += Math.pow(QUADRATIC.point().values(matrix)[i], 2);
        }
        assertEquals(expected, found, 1e-5);
      }
    }
  }

  @Test
  void picturesHaveThePointInTheMiddle() {
    Sharpness found = measured(QUADRATIC, settings(1));
    assertEquals(Quadratic.AT_ORIGIN, surface(found).loss().get(1).get(1), 1e-12);
    assertArrayEquals(
        new double[] {-0.5, 0, 0.5},
        surface(found).at().stream().mapToDouble(Double::doubleValue).toArray());
    Landscape.Line gradient = found.lines().get(1);
    assertEquals(Quadratic.AT_ORIGIN, gradient.loss().get(2), 1e-12);
    double norm = 0;
    double curvature = 0;
    for (int i = 0; i < 12; i++) {
      norm += SLOPE[i] * SLOPE[i];
      curvature += EIGENVALUES[i] * SLOPE[i] * SLOPE[i];
    }
    for (int i = 0; i < 5; i++) {
      double t = -0.4 + 0.2 * i;
      assertEquals(t, gradient.at().get(i), 1e-12);
      assertEquals(
          Quadratic.AT_ORIGIN + t * Math.sqrt(norm) + t * t * curvature / norm / 2,
          gradient.loss().get(i),
          TOLERANCE);
    }
    assertNull(withoutSurface(QUADRATIC, settings(1), Progress.NONE).surface());
  }

  @Test
  void theSeedDecidesTheNumbers() {
    Sharpness first = measured(QUADRATIC, settings(1));
    assertEquals(first, measured(QUADRATIC, settings(1)));
    assertTrue(!first.equals(measured(QUADRATIC, settings(2))));
    assertEquals(settings(1).directionSeed(7), settings(1).directionSeed(7));
    assertNotEquals(settings(1).directionSeed(7), settings(1).directionSeed(8));
    assertNotEquals(settings(1).directionSeed(7), settings(7).directionSeed(1));
  }

  /** The smooth loss has half the slope and a third of the curvature. */
  @Test
  void linesAndEigenvaluesAreThoseOfTheSmoothLoss() {
    double[] flatter = Arrays.stream(SLOPE).map(x -> -x / 2).toArray();
    double[] smaller = Arrays.stream(EIGENVALUES).map(x -> x / 3).toArray();
    Quadratic smooth = new Quadratic(smaller, flatter, Quadratic.point(1));
    Sharpness found =
        Sharpness.of(
            QUADRATIC, smooth, null, settings(1), settings(1).directionSeed(7), Progress.NONE, "");
    Sharpness stepped = withoutSurface(QUADRATIC, settings(1), Progress.NONE);
    Sharpness other = withoutSurface(smooth, settings(1), Progress.NONE);
    assertEquals(other.lines(), found.lines());
    for (Scale scale : Scale.values()) {
      assertEquals(scale.of(other).hessian(), scale.of(found).hessian());
      assertEquals(scale.of(stepped).epsilon(), scale.of(found).epsilon());
      assertEquals(scale.of(stepped).average(), scale.of(found).average());
    }
    assertEquals(3, found.plain().hessian().eigenvalues().get(0).value(), 0.1);
  }

  /** The Hessian of L(T u) is T H T with the norms of filters on T's diagonal. */
  @Test
  void adaptiveEigenvaluesAreThoseOfTheHessianBetweenTheNormsOfFilters() {
    double[] point = Quadratic.flat(QUADRATIC.point());
    double[] norms = new double[12];
    for (int filter = 0; filter < 3; filter++) {
      double column = Math.hypot(point[filter], point[3 + filter]);
      norms[filter] = column;
      norms[3 + filter] = column;
      double row = Math.hypot(point[6 + 2 * filter], point[7 + 2 * filter]);
      norms[6 + 2 * filter] = row;
      norms[7 + 2 * filter] = row;
    }
    RealMatrix between = QUADRATIC.hessian().copy();
    for (int i = 0; i < 12; i++) {
      for (int k = 0; k < 12; k++) {
        between.multiplyEntry(i, k, norms[i] * norms[k]);
      }
    }
    double[] expected = new EigenDecomposition(between).getRealEigenvalues();
    Arrays.sort(expected);
    Spectrum found = Spectrum.of(new ScaledLoss(QUADRATIC), 3, 12, 0.1, 1);
    for (int i = 0; i < 3; i++) {
      assertEquals(
          expected[11 - i], found.eigenvalues().get(i).value(), 1e-3 * expected[11], "" + i);
    }
    assertEquals(expected[0], found.smallest(), 1e-3 * expected[11]);
  }

  /** In float32 the sum would stop growing long before its end. */
  @Test
  void sumsOverWeightsAreFloat64() {
    int n = 20_000_000;
    float[] values = new float[n];
    Arrays.fill(values, 0.1f);
    Weights weights =
        Weights.of(List.of(new Matrix("long", n, 1, Matrix.Filters.COLUMNS)), List.of(values));
    double one = (double) 0.1f * 0.1f;
    assertEquals(1, weights.dot(weights) / (n * one), 1e-9);
  }

  @Test
  void directionsOfSeveralCountTogether() {
    AverageSharpness found =
        AverageSharpness.together(
            List.of(
                new AverageSharpness(2, 2, 0, List.of(1.0, 3.0, 2.0, 2.0)),
                new AverageSharpness(2, 6, 0, List.of(5.0, 7.0, 4.0, 8.0))));
    // Pairs of 2, 2, 6 and 6.
    assertEquals(2, found.rho());
    assertEquals(4, found.mean(), 1e-12);
    assertEquals(Math.sqrt(16 / 3.0), found.deviation(), 1e-12);
    assertEquals(Math.sqrt(16 / 3.0) / 2, found.error(), 1e-12);
  }

  @Test
  void lossesOfOtherWeightsAreRefused() {
    Loss fewer =
        new Loss() {
          @Override
          public Weights point() {
            return Weights.of(List.of(), List.of());
          }

          @Override
          public double at(Weights displacement) {
            return 0;
          }

          @Override
          public Slope slope(Weights displacement) {
            return new Slope(0, point());
          }
        };
    assertThrows(
        IllegalArgumentException.class,
        () -> Sharpness.of(QUADRATIC, fewer, null, settings(1), 1, Progress.NONE, ""));
  }

  @Test
  void asManyPassesAreCountedAsWereSaid() {
    long[] counted = {0, 0};
    Progress counter =
        (name, unit, total) -> {
          counted[0] = total;
          return new Progress.Work() {
            @Override
            public void step(long count) {
              counted[1] += count;
            }

            @Override
            public void message(String text) {}

            @Override
            public void close() {}
          };
        };
    Sharpness found = withoutSurface(QUADRATIC, settings(1), counter);
    assertEquals(counted[0], counted[1]);
    counted[1] = 0;
    found.withSurface(QUADRATIC, 3, settings(1), 1, counter, "");
    assertEquals(9, counted[0]);
    assertEquals(9, counted[1]);
    counted[1] = 0;
    Quadratic other = new Quadratic(EIGENVALUES, NO_SLOPE, Quadratic.point(1));
    Sharpness.of(QUADRATIC, other, null, settings(1), 1, counter, "");
    assertEquals(counted[0], counted[1]);
  }

  @Test
  void directionsAreNormalAndIndependent() {
    int n = 40_000;
    Weights shape =
        Weights.of(
            List.of(new Matrix("long", n, 1, Matrix.Filters.COLUMNS)), List.of(new float[n]));
    Weights a = shape.gaussian(1, 0);
    double mean = 0;
    double fourth = 0;
    for (float value : a.values(0)) {
      mean += value / n;
      fourth += Math.pow(value, 4) / n;
    }
    // Standard errors: 0.005 of the mean, 0.007 of the variance, 0.05 of the fourth moment.
    assertEquals(0, mean, 0.02);
    assertEquals(1, a.dot(a) / n, 0.03);
    assertEquals(3, fourth, 0.2);
    assertEquals(0, a.dot(shape.gaussian(1, 1)) / n, 0.02);
    assertEquals(0, a.dot(shape.gaussian(2, 0)) / n, 0.02);
    assertArrayEquals(a.values(0), shape.gaussian(1, 0).values(0));
  }

  private static SharpnessSettings settings(long seed) {
    return new SharpnessSettings(
        List.of(0.1, 0.5), 5, List.of(0.3), 3, 2, 6, 0.5, 0.5, 0.4, 5, seed);
  }

  private static Landscape.Surface surface(Sharpness found) {
    return Objects.requireNonNull(found.surface());
  }

  private static Sharpness measured(Loss loss, SharpnessSettings settings) {
    long seed = settings.directionSeed(7);
    return withoutSurface(loss, settings, Progress.NONE)
        .withSurface(loss, 3, settings, seed, Progress.NONE, "");
  }

  private static Sharpness withoutSurface(
      Loss loss, SharpnessSettings settings, Progress progress) {
    return Sharpness.of(loss, loss, null, settings, settings.directionSeed(7), progress, "");
  }

  private static EpsilonSharpness epsilon(Loss loss, double rho, int steps) {
    return EpsilonSharpness.of(loss, loss.slope(loss.point().zeros()), rho, steps, 1);
  }
}
