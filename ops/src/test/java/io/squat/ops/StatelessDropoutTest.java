package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

class StatelessDropoutTest {
  private static final int COUNT = 200_003;
  // Five standard deviations of a keep rate of 0.7 are 5e-3; another rate of the list is 0.2 away.
  private static final double RATE_TOLERANCE = 5e-3;
  private static final float VALUE_TOLERANCE = 1e-6f;

  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Ops tf = Ops.create(graph);
  private final Placeholder<TFloat32> x =
      tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
  private final Placeholder<TFloat32> rate =
      tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
  private final Placeholder<TInt32> seed =
      tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(2)));
  private final Operand<TFloat32> y = StatelessDropout.dropout(tf, x, rate, seed);
  private final Output<?>[] gradient =
      graph.addGradients(
          tf.reduceSum(tf.math.square(y), tf.constant(0)).asOutput(), new Output<?>[] {x.output()});

  @AfterEach
  void close() {
    session.close();
    graph.close();
  }

  private float[][] run(float[] values, float rateValue, int... seedValue) {
    try (TFloat32 xTensor = TFloat32.vectorOf(values);
        TFloat32 rateTensor = TFloat32.scalarOf(rateValue);
        TInt32 seedTensor = TInt32.vectorOf(seedValue);
        Result result =
            session
                .runner()
                .feed(x, xTensor)
                .feed(rate, rateTensor)
                .feed(seed, seedTensor)
                .fetch(y)
                .fetch(gradient[0])
                .run()) {
      return new float[][] {
        StdArrays.array1dCopyOf((TFloat32) result.get(0)),
        StdArrays.array1dCopyOf((TFloat32) result.get(1))
      };
    }
  }

  private static float[] ones() {
    float[] ones = new float[COUNT];
    Arrays.fill(ones, 1);
    return ones;
  }

  @ParameterizedTest
  @ValueSource(floats = {0.1f, 0.3f, 0.5f})
  void rateIsDroppedAndTheRestIsScaled(float dropped) {
    float[] found = run(ones(), dropped, 5, 7)[0];
    float scale = 65536 / (65536 - (float) Math.rint(dropped * 65536));
    int kept = 0;
    double sum = 0;
    for (float value : found) {
      sum += value;
      if (value != 0) {
        kept++;
        assertEquals(scale, value);
      }
    }
    assertEquals(1 - dropped, (double) kept / COUNT, RATE_TOLERANCE);
    assertEquals(1, sum / COUNT, RATE_TOLERANCE / (1 - dropped));
  }

  @Test
  void zeroRateGivesTheInputExactly() {
    float[] values = {1.5f, -0.1f, 0, 3e-30f, 7e20f};
    assertArrayEquals(values, run(values, 0, 1, 2)[0]);
    // So many that some draw is the lowest integer.
    for (int batch = 0; batch < 5; batch++) {
      assertArrayEquals(ones(), run(ones(), 0, batch, 2)[0]);
    }
  }

  @Test
  void equalSeedsGiveEqualMasksAndOthersOtherMasks() {
    float[] first = run(ones(), 0.3f, 5, 7)[0];
    assertArrayEquals(first, run(ones(), 0.3f, 5, 7)[0]);
    for (int[] other : new int[][] {{5, 8}, {6, 7}, {7, 5}}) {
      float[] found = run(ones(), 0.3f, other)[0];
      int equal = 0;
      for (int i = 0; i < COUNT; i++) {
        equal += found[i] == first[i] ? 1 : 0;
      }
      // Independent masks agree where both keep or both drop.
      assertEquals(0.7 * 0.7 + 0.3 * 0.3, (double) equal / COUNT, RATE_TOLERANCE);
    }
  }

  /** Also of neighbours, which are drawn from one word, and of the two halves of a row. */
  @Test
  void elementsOfOneMaskAreIndependent() {
    float[] found = run(ones(), 0.3f, 5, 7)[0];
    for (int distance : new int[] {1, 2, 64, COUNT / 2}) {
      int pairs = 0;
      int equal = 0;
      for (int i = 0; i + distance < COUNT; i += 2) {
        pairs++;
        equal += found[i] == found[i + distance] ? 1 : 0;
      }
      // Five standard deviations of a rate of 0.58 over half as many.
      assertEquals(0.58, (double) equal / pairs, 1.6 * RATE_TOLERANCE, "distance " + distance);
    }
  }

  @Test
  void gradientUsesTheSameMask() {
    float[] values = ones();
    for (int i = 0; i < COUNT; i++) {
      values[i] = 1 + i % 5;
    }
    float[][] found = run(values, 0.3f, 9, 4);
    assertFalse(Arrays.equals(values, found[0]));
    for (int i = 0; i < COUNT; i++) {
      // The loss is the sum of y^2 and y = m x: its gradient is 2 m^2 x.
      float mask = found[0][i] / values[i];
      float expected = 2 * mask * mask * values[i];
      assertEquals(expected, found[1][i], VALUE_TOLERANCE * 10 * values[i]);
    }
  }
}
