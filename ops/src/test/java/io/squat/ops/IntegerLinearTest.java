package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

@EnabledOnOs(
    architectures = {"amd64", "x86_64"},
    disabledReason = "TensorFlow has the integer kernels for x86 only")
class IntegerLinearTest {
  private static final int ROWS = 13;
  private static final int IN = 37;
  private static final int OUT = 29;
  // Relative to the largest output. One integer off by one is 1e-4 of that.
  private static final double TOLERANCE = 1e-5;

  /** A layer with integers that are known, and its output in 64-bit integers. */
  private static final class Layer {
    final float stepSize;
    final StepSize weightStepSize;
    final byte[] weights;
    final float[] bias = new float[OUT];
    final float[] x = new float[ROWS * IN];
    final double[] expected = new double[ROWS * OUT];

    /**
     * Inputs have integers from {@code low} to {@code high} before they are clipped to the grid.
     */
    Layer(int bits, QuantizationGrid grid, int low, int high, float stepSize) {
      this(bits, grid, low, high, stepSize, StepSize.of(0.013f));
    }

    Layer(
        int bits,
        QuantizationGrid grid,
        int low,
        int high,
        float stepSize,
        StepSize weightStepSize) {
      this.stepSize = stepSize;
      this.weightStepSize = weightStepSize;
      Random random = new Random(100L * bits + grid.bits());
      weights = BitPackingTest.randomIntegers(IN * OUT, bits, 3L * bits);
      long[] xInt = new long[ROWS * IN];
      for (int i = 0; i < xInt.length; i++) {
        int integer = low + random.nextInt(high - low + 1);
        x[i] = (float) ((integer + 0.8 * (random.nextDouble() - 0.5)) * stepSize);
        xInt[i] = Math.max(grid.qMin(), Math.min(grid.qMax(), integer));
      }
      for (int column = 0; column < OUT; column++) {
        bias[column] = (float) random.nextGaussian();
      }
      for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < OUT; column++) {
          long sum = 0;
          for (int k = 0; k < IN; k++) {
            sum += xInt[row * IN + k] * weights[k * OUT + column];
          }
          expected[row * OUT + column] =
              (double) stepSize * weightStepSize.at(column) * sum + bias[column];
        }
      }
    }
  }

  private static void assertExact(Layer layer, int bits, QuantizationGrid grid) {
    double largest = 0;
    for (double value : layer.expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TFloat32 x = TFloat32.tensorOf(Shape.of(ROWS, IN), DataBuffers.of(layer.x))) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> input =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, IN)));
      float[] folded =
          IntegerLinear.foldBias(layer.bias, layer.weights, layer.stepSize, layer.weightStepSize);
      Operand<TFloat32> output =
          IntegerLinear.matMul(
              tf,
              IntegerLinear.quantizeInput(tf, input, layer.stepSize, grid),
              BitPacking.unpack(
                  tf,
                  tf.constant(new int[][] {BitPacking.pack(layer.weights, bits)}),
                  bits,
                  IN,
                  OUT),
              layer.weightStepSize,
              tf.constant(folded));
      try (TFloat32 result =
          (TFloat32) session.runner().feed(input, x).fetch(output).run().get(0)) {
        assertEquals(Shape.of(ROWS, OUT), result.shape());
        for (int row = 0; row < ROWS; row++) {
          for (int column = 0; column < OUT; column++) {
            assertEquals(
                layer.expected[row * OUT + column],
                result.getFloat(row, column),
                TOLERANCE * largest);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void signedInputsGiveTheIntegerProduct(int bits) {
    QuantizationGrid grid = QuantizationGrid.of(8);
    assertExact(new Layer(bits, grid, -150, 150, 0.05f), bits, grid);
  }

  /** Steps from 0.01 to 0.15. */
  private static StepSize oneAColumn(int columns) {
    List<Float> steps = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      steps.add(0.01f * (1 + 0.5f * (column % 29)));
    }
    return new StepSize(Granularity.CHANNEL, steps);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void everyColumnHasItsOwnStep(int bits) {
    QuantizationGrid grid = QuantizationGrid.of(8);
    assertExact(new Layer(bits, grid, -150, 150, 0.05f, oneAColumn(OUT)), bits, grid);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8})
  void inputsThatAreAllNegativeGiveTheIntegerProduct(int bits) {
    QuantizationGrid grid = QuantizationGrid.of(8);
    assertExact(new Layer(bits, grid, -128, -1, 0.05f), bits, grid);
  }

  @ParameterizedTest
  @CsvSource({"2,FULL", "2,SYMMETRIC", "3,FULL", "4,FULL", "7,SYMMETRIC", "8,SYMMETRIC"})
  void smallerInputGridsAreClippedTo(int activationBits, Levels levels) {
    QuantizationGrid grid = new QuantizationGrid(activationBits, levels);
    assertExact(new Layer(4, grid, -140, 140, 0.05f), 4, grid);
  }

  @Test
  void rangesGiveTheScaleToTheLastBit() {
    Random random = new Random(5);
    for (int i = 0; i < 100_000; i++) {
      float scale = (float) Math.exp(20 * random.nextDouble() - 18);
      IntegerLinear.Ranges ranges = IntegerLinear.Ranges.of(scale);
      assertEquals(scale, (ranges.maxInput() / 255) * (ranges.maxWeight() / 127));
    }
  }

  @Test
  void smallStepsAreNotWidened() {
    QuantizationGrid grid = QuantizationGrid.of(8);
    assertExact(new Layer(4, grid, -128, 127, 1e-5f), 4, grid);
  }

  @ParameterizedTest
  @CsvSource({"37,29,TENSOR", "37,29,CHANNEL", "768,3072,TENSOR", "767,3071,TENSOR"})
  void weightsAreLaidOutOnce(int in, int out, Granularity granularity) {
    float[] values = new float[ROWS * in];
    Random random = new Random(in);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TFloat32 x = TFloat32.tensorOf(Shape.of(ROWS, in), DataBuffers.of(values));
        TUint8 first = weights(in, out, 1);
        TUint8 other = weights(in, out, 2)) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> input =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, in)));
      Placeholder<TUint8> weights = tf.placeholder(TUint8.class);
      Operand<TFloat32> output =
          IntegerLinear.matMul(
              tf,
              IntegerLinear.quantizeInput(tf, input, 0.05f, QuantizationGrid.of(8)),
              BitPacking.bitcast(tf, weights, DataType.DT_INT8),
              granularity == Granularity.TENSOR ? StepSize.of(0.01f) : oneAColumn(out),
              tf.constant(new float[out]));
      // Not what other weights give: those of the first call are kept, in the form of the kernel.
      assertArrayEquals(
          run(session.runner().feed(input, x).feed(weights, first).fetch(output), out),
          run(session.runner().feed(input, x).feed(weights, other).fetch(output), out));
    }
  }

  private static TUint8 weights(int in, int out, long seed) {
    byte[] weights = BitPackingTest.randomIntegers(in * out, 8, seed);
    return TUint8.tensorOf(Shape.of(in, out), DataBuffers.of(weights));
  }

  private static float[] run(Session.Runner runner, int out) {
    try (Result result = runner.run()) {
      float[] values = new float[ROWS * out];
      result.get(0).asRawTensor().data().asFloats().read(values);
      return values;
    }
  }

  @Test
  void badInputIsNamed() {
    assertEquals(
        "Bias of an integer linear layer: expected weights [in, 3], found 7 weights",
        assertThrows(
                IllegalArgumentException.class,
                () -> IntegerLinear.foldBias(new float[3], new byte[7], 1, StepSize.of(1f)))
            .getMessage());
    assertEquals(
        "Bias of an integer linear layer: expected one step a channel of 3 columns, found 2",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    IntegerLinear.foldBias(
                        new float[3],
                        new byte[6],
                        1,
                        new StepSize(Granularity.CHANNEL, List.of(1f, 2f))))
            .getMessage());
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> x = tf.constant(new float[][] {{1}});
      assertEquals(
          "Step size of input: expected a positive number, found 0.0",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> IntegerLinear.quantizeInput(tf, x, 0, QuantizationGrid.of(8)))
              .getMessage());
    }
  }
}
