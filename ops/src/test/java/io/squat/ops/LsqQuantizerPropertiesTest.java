package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;

class LsqQuantizerPropertiesTest {
  // Of the largest magnitude. A wrong bin is an error of 1 / 128 or more of that.
  private static final float ROUNDING = 1e-6f;

  private static final Map<QuantizationGrid, QuantizerGraph> GRAPHS = new HashMap<>();

  @AfterContainer
  static void close() {
    GRAPHS.values().forEach(QuantizerGraph::close);
    GRAPHS.clear();
  }

  @SuppressWarnings("MustBeClosedChecker") // closed by close(), after all tries
  private static float[] quantize(float[] x, float stepSize, QuantizationGrid grid) {
    return GRAPHS
        .computeIfAbsent(grid, g -> new QuantizerGraph(g, 1))
        .run(x, stepSize, new float[x.length])
        .xHat();
  }

  @Provide
  Arbitrary<QuantizationGrid> grids() {
    List<QuantizationGrid> grids = new ArrayList<>();
    LsqQuantizerTest.grids().forEach(grids::add);
    return Arbitraries.of(grids);
  }

  @Property(seed = "20221013")
  void gridPointsAreFixedPoints(
      @ForAll("grids") QuantizationGrid grid,
      @ForAll @FloatRange(min = 1e-4f, max = 10f) @Scale(4) float stepSize) {
    float[] points = new float[grid.qMax() - grid.qMin() + 1];
    for (int i = 0; i < points.length; i++) {
      points[i] = (grid.qMin() + i) * stepSize;
    }
    assertArrayEquals(points, quantize(points, stepSize, grid), ROUNDING * -grid.qMin() * stepSize);
  }

  @Property(seed = "20221014")
  void quantizingTwiceIsQuantizingOnce(
      @ForAll("grids") QuantizationGrid grid,
      @ForAll @FloatRange(min = 1e-4f, max = 10f) @Scale(4) float stepSize,
      @ForAll @Size(min = 1, max = 40) List<@FloatRange(min = -200f, max = 200f) Float> steps) {
    float[] once = quantize(scaled(steps, stepSize), stepSize, grid);
    assertArrayEquals(once, quantize(once, stepSize, grid));
  }

  @Property(seed = "20221015")
  void errorIsAtMostHalfAStepInRangeAndTheResultIsTheBoundBeyond(
      @ForAll("grids") QuantizationGrid grid,
      @ForAll @FloatRange(min = 1e-4f, max = 10f) @Scale(4) float stepSize,
      @ForAll @Size(min = 1, max = 40) List<@FloatRange(min = -200f, max = 200f) Float> steps) {
    float[] x = scaled(steps, stepSize);
    float[] xHat = quantize(x, stepSize, grid);
    float low = grid.qMin() * stepSize;
    float high = grid.qMax() * stepSize;
    float slack = ROUNDING * -low;
    for (int i = 0; i < x.length; i++) {
      if (x[i] < low || x[i] > high) {
        assertEquals(x[i] < 0 ? low : high, xHat[i], slack);
      } else {
        assertTrue(Math.abs(x[i] - xHat[i]) <= stepSize / 2 + slack, x[i] + " became " + xHat[i]);
      }
    }
  }

  private static float[] scaled(List<Float> steps, float stepSize) {
    float[] x = new float[steps.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = steps.get(i) * stepSize;
    }
    return x;
  }
}
