package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Rounded inputs and kernels as a layer of the training graph. */
class QuantizedLinearTest {
  private static final int ROWS = 11;
  private static final int IN = 768;
  private static final int OUT = 19;
  // 255 of these steps, divided by 255, are another number.
  private static final float STEP = 0.0467f;
  private static final float KERNEL_STEP = 0.0123f;
  // Of the largest value: rounding of float32. One integer off by one is 1e-4 of it.
  private static final double TOLERANCE = 2e-6;

  private final float[] x = gaussian(1, ROWS * IN, 40 * STEP);
  private final float[] bias = gaussian(2, OUT, 1);
  private final float[] upstream = gaussian(3, ROWS * OUT, 1);

  private static float[] gaussian(long seed, int count, float deviation) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return values;
  }

  /** The layer with everything around it that a test asks for. */
  private static final class Layer implements AutoCloseable {
    final Graph graph = new Graph();
    final Ops tf = Ops.create(graph);
    final Map<Placeholder<TFloat32>, TFloat32> feeds = new HashMap<>();
    final Operand<TFloat32> x;
    final Operand<TFloat32> kernel;
    final Operand<TFloat32> perturbation;
    final Operand<TFloat32> bias;
    final Operand<TFloat32> step;
    final Operand<TFloat32> kernelStep;
    final Operand<TFloat32> xHat;
    final Operand<TFloat32> kernelHat;
    final Operand<TFloat32> output;

    Layer(
        float[] xValues,
        float[] kernelValues,
        float[] e,
        float[] biasValues,
        QuantizationGrid grid,
        StepSize kernelSteps) {
      x = input(xValues, ROWS, IN);
      kernel = input(kernelValues, IN, OUT);
      perturbation = input(e, IN, OUT);
      bias = input(biasValues, OUT);
      step = input(new float[] {STEP});
      kernelStep =
          kernelSteps.granularity() == Granularity.TENSOR
              ? input(new float[] {kernelSteps.at(0)})
              : input(steps(kernelSteps), OUT);
      xHat = LsqQuantizer.quantize(tf, x, step, QuantizationGrid.of(8), 1);
      kernelHat = LsqQuantizer.quantize(tf, kernel, kernelStep, grid, 1);
      output =
          QuantizedLinear.matMul(
              tf,
              new QuantizedLinear.Quantized(xHat, QuantizedLinear.integers(tf, xHat, step), step),
              new QuantizedLinear.Quantized(
                  tf.math.add(kernelHat, perturbation),
                  tf.math.add(
                      QuantizedLinear.integers(tf, kernelHat, kernelStep),
                      tf.math.div(perturbation, kernelStep)),
                  kernelStep),
              bias);
    }

    private Operand<TFloat32> input(float[] values, long... shape) {
      Placeholder<TFloat32> placeholder =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
      feeds.put(placeholder, TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values)));
      return placeholder;
    }

    List<float[]> fetch(List<? extends Operand<?>> wanted) {
      try (Session session = new Session(graph)) {
        Session.Runner runner = session.runner();
        feeds.forEach(runner::feed);
        wanted.forEach(runner::fetch);
        List<float[]> values = new ArrayList<>();
        try (Result result = runner.run()) {
          for (int i = 0; i < result.size(); i++) {
            TFloat32 tensor = (TFloat32) result.get(i);
            float[] array = new float[(int) tensor.size()];
            tensor.asRawTensor().data().asFloats().read(array);
            values.add(array);
          }
        }
        return values;
      }
    }

    @Override
    public void close() {
      feeds.values().forEach(Tensor::close);
      graph.close();
    }
  }

  private static float[] steps(StepSize stepSize) {
    float[] steps = new float[OUT];
    for (int column = 0; column < OUT; column++) {
      steps[column] = stepSize.at(column);
    }
    return steps;
  }

  /** One step of 0.0123, or others for all columns but the first. */
  private static StepSize kernelSteps(Granularity granularity) {
    List<Float> steps = new ArrayList<>();
    for (int column = 0; column < granularity.steps(OUT); column++) {
      steps.add(KERNEL_STEP * (1 + column * 0.37f));
    }
    return new StepSize(granularity, steps);
  }

  /** Columns of 3 steps' deviation. */
  private static float[] kernel(long seed, StepSize steps) {
    float[] kernel = gaussian(seed, IN * OUT, 3);
    for (int i = 0; i < kernel.length; i++) {
      kernel[i] *= steps.at(i);
    }
    return kernel;
  }

  private static void assertClose(double[] expected, float[] actual, String what) {
    double largest = 0;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], TOLERANCE * largest, what + " " + i);
    }
  }

  private static long integer(float value, float step, QuantizationGrid grid) {
    double clipped = Math.max(grid.qMin(), Math.min(grid.qMax(), (double) value / step));
    return (long) Math.floor(clipped + 0.5);
  }

  @ParameterizedTest
  @CsvSource({
    "2,TENSOR",
    "3,TENSOR",
    "4,TENSOR",
    "8,TENSOR",
    "2,CHANNEL",
    "4,CHANNEL",
    "8,CHANNEL"
  })
  void outputsAndGradientsAreThoseOfTheValues(int bits, Granularity granularity) {
    QuantizationGrid grid = QuantizationGrid.of(bits);
    StepSize steps = kernelSteps(granularity);
    float[] kernel = kernel(4, steps);
    float[] e = gaussian(5, IN * OUT, KERNEL_STEP / 50);
    double[] xHat = new double[x.length];
    double[] kernelHat = new double[kernel.length];
    for (int i = 0; i < x.length; i++) {
      xHat[i] = STEP * (double) integer(x[i], STEP, QuantizationGrid.of(8));
    }
    for (int i = 0; i < kernel.length; i++) {
      kernelHat[i] = steps.at(i) * (double) integer(kernel[i], steps.at(i), grid) + e[i];
    }
    double[] output = new double[ROWS * OUT];
    double[] xGradient = new double[ROWS * IN];
    double[] kernelGradient = new double[IN * OUT];
    double[] biasGradient = new double[OUT];
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < OUT; column++) {
        double g = upstream[row * OUT + column];
        output[row * OUT + column] = bias[column];
        biasGradient[column] += g;
        for (int k = 0; k < IN; k++) {
          output[row * OUT + column] += xHat[row * IN + k] * kernelHat[k * OUT + column];
          xGradient[row * IN + k] += g * kernelHat[k * OUT + column];
          kernelGradient[k * OUT + column] += g * xHat[row * IN + k];
        }
      }
    }
    try (Layer layer = new Layer(x, kernel, e, bias, grid, steps)) {
      Operand<TFloat32> loss =
          layer.tf.reduceSum(
              layer.tf.math.mul(
                  layer.output,
                  layer.tf.reshape(layer.tf.constant(upstream), layer.tf.array(ROWS, OUT))),
              layer.tf.array(0, 1));
      Output<?>[] gradients =
          layer.graph.addGradients(
              loss.asOutput(),
              new Output<?>[] {
                layer.xHat.asOutput(), layer.perturbation.asOutput(), layer.bias.asOutput()
              });
      List<float[]> found =
          layer.fetch(List.of(layer.output, gradients[0], gradients[1], gradients[2]));
      assertClose(output, found.get(0), "output");
      assertClose(xGradient, found.get(1), "gradient of the input");
      assertClose(kernelGradient, found.get(2), "gradient of the kernel");
      assertClose(biasGradient, found.get(3), "gradient of the bias");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2,TENSOR",
    "3,TENSOR",
    "4,TENSOR",
    "6,TENSOR",
    "8,TENSOR",
    "2,CHANNEL",
    "3,CHANNEL",
    "4,CHANNEL",
    "6,CHANNEL",
    "8,CHANNEL"
  })
  @EnabledOnOs(
      architectures = {"amd64", "x86_64"},
      disabledReason = "TensorFlow has the integer kernels for x86 only")
  void integerKernelsGiveTheSameBits(int bits, Granularity granularity) {
    QuantizationGrid grid = QuantizationGrid.of(bits);
    StepSize steps = kernelSteps(granularity);
    float[] kernel = kernel(6, steps);
    byte[] integers = new byte[kernel.length];
    for (int i = 0; i < kernel.length; i++) {
      integers[i] = (byte) integer(kernel[i], steps.at(i), grid);
    }
    try (Layer layer = new Layer(x, kernel, new float[IN * OUT], bias, grid, steps)) {
      Operand<TFloat32> served =
          IntegerLinear.matMul(
              layer.tf,
              IntegerLinear.quantizeInput(layer.tf, layer.x, STEP, QuantizationGrid.of(8)),
              BitPacking.unpack(
                  layer.tf,
                  layer.tf.constant(BitPacking.pack(integers, bits)),
                  DataType.DT_QINT8,
                  bits,
                  IN,
                  OUT),
              steps,
              layer.tf.constant(IntegerLinear.foldBias(bias, integers, STEP, steps)));
      List<float[]> found = layer.fetch(List.of(layer.output, served));
      assertArrayEquals(found.get(0), found.get(1));
    }
  }

  @Test
  void theScaleIsWhatFakeQuantMultipliesWith() {
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      QuantizationGrid grid = QuantizationGrid.of(2 + random.nextInt(7));
      float stepSize = (float) Math.exp(6 * random.nextDouble() - 8);
      int integer = grid.qMin() + random.nextInt(grid.qMax() - grid.qMin() + 1);
      try (Graph graph = new Graph();
          Session session = new Session(graph)) {
        Ops tf = Ops.create(graph);
        Operand<TFloat32> quantized =
            FakeQuant.quantize(tf, tf.constant(integer * stepSize), stepSize, grid);
        try (TFloat32 value = (TFloat32) session.runner().fetch(quantized).run().get(0)) {
          assertEquals(integer * FakeQuant.scale(stepSize, grid), value.getFloat());
        }
      }
    }
  }
}
