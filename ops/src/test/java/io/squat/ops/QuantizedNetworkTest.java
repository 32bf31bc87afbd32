package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The gradients of two quantized layers against NumPy; see the fixture's README. */
class QuantizedNetworkTest {
  private static final int FEATURES = 7;
  private static final int HIDDEN = 11;
  private static final int CLASSES = 5;
  // Relative to the largest entry of a gradient, or to the sum of a step's absolute terms. Leaving
  // a mask out changes it by 1 % or more.
  private static final double GRADIENT_TOLERANCE = 1e-5;
  private static final double LOSS_TOLERANCE = 1e-6;
  // Central differences of a float32 loss of about 2: curvature and rounding, both about 1e-5. The
  // gradients are about 0.1.
  private static final float DIFFERENCE = 2e-2f;
  private static final double DIFFERENCE_TOLERANCE = 1e-4;

  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Map<String, Placeholder<TFloat32>> inputs = new LinkedHashMap<>();
  private JsonNode fixture;
  private Operand<TFloat32> loss;

  @BeforeEach
  void build() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            QuantizedNetworkTest.class.getResourceAsStream("quantized-network/fixture.json"))) {
      fixture = new ObjectMapper().readTree(in);
    }
    Ops tf = Ops.create(graph);
    fixture
        .get("values")
        .properties()
        .forEach(
            e ->
                inputs.put(
                    e.getKey(),
                    tf.placeholder(TFloat32.class, Placeholder.shape(shape(e.getValue())))));
    QuantizationGrid eightBits = new QuantizationGrid(8, Levels.SYMMETRIC);
    Operand<TFloat32> x = quantized(tf, "x", "s_a1", QuantizationGrid.of(4), FEATURES);
    Operand<TFloat32> quantizedWeights =
        quantized(tf, "w1", "s_w1", QuantizationGrid.of(3), (long) FEATURES * HIDDEN);
    Operand<TFloat32> hidden =
        tf.math.tanh(tf.math.add(tf.linalg.matMul(x, quantizedWeights), input("b1")));
    Operand<TFloat32> quantizedHidden =
        LsqQuantizer.quantize(
            tf, hidden, input("s_a2"), eightBits, LsqQuantizer.gradientScale(HIDDEN, eightBits));
    Operand<TFloat32> head =
        quantized(tf, "w2", "s_w2", QuantizationGrid.of(2), (long) HIDDEN * CLASSES);
    Operand<TFloat32> logits = tf.math.add(tf.linalg.matMul(quantizedHidden, head), input("b2"));
    Operand<TInt32> labels = tf.constant(labels());
    Operand<TFloat32> oneHot =
        tf.oneHot(labels, tf.constant(CLASSES), tf.constant(1f), tf.constant(0f));
    loss = tf.math.mean(tf.nn.softmaxCrossEntropyWithLogits(logits, oneHot).loss(), tf.constant(0));
  }

  @AfterEach
  void close() {
    session.close();
    graph.close();
  }

  @Test
  void lossAndGradientsAreThoseOfTheFixture() {
    List<String> names = new ArrayList<>(inputs.keySet());
    Output<?>[] gradients =
        graph.addGradients(
            loss.asOutput(),
            names.stream().map(name -> input(name).asOutput()).toArray(Output<?>[]::new));
    Session.Runner runner = session.runner().fetch(loss);
    for (Output<?> gradient : gradients) {
      runner.fetch(gradient);
    }
    List<TFloat32> fed = feed(runner, "", 0, 0);
    try (Result result = runner.run()) {
      assertEquals(
          fixture.get("loss").doubleValue(), ((TFloat32) result.get(0)).getFloat(), LOSS_TOLERANCE);
      for (int i = 0; i < names.size(); i++) {
        assertGradient(names.get(i), (TFloat32) result.get(i + 1));
      }
    } finally {
      fed.forEach(TFloat32::close);
    }
  }

  private void assertGradient(String name, TFloat32 found) {
    float[] expected = numbers(fixture.get("gradients").get(name));
    double largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    JsonNode magnitude = fixture.get("magnitudes").get(name);
    if (magnitude != null) {
      largest = magnitude.doubleValue(); // a sum of terms that may cancel
    }
    assertEquals(expected.length, found.size(), name);
    var values = found.asRawTensor().data().asFloats();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i], values.getFloat(i), GRADIENT_TOLERANCE * largest, name + " at " + i);
    }
  }

  @Test
  void smoothGradientsAgreeWithDifferencesOfTheLoss() {
    // The loss is smooth in the bias after the last quantizer.
    Output<?>[] gradient =
        graph.addGradients(loss.asOutput(), new Output<?>[] {input("b2").asOutput()});
    float[] expected = new float[CLASSES];
    Session.Runner runner = session.runner().fetch(gradient[0]);
    List<TFloat32> fed = feed(runner, "", 0, 0);
    try (Result result = runner.run()) {
      for (int i = 0; i < CLASSES; i++) {
        expected[i] = ((TFloat32) result.get(0)).getFloat(i);
      }
    } finally {
      fed.forEach(TFloat32::close);
    }
    for (int i = 0; i < CLASSES; i++) {
      double difference = (lossAt("b2", i, DIFFERENCE) - lossAt("b2", i, -DIFFERENCE));
      assertEquals(difference / (2 * DIFFERENCE), expected[i], DIFFERENCE_TOLERANCE);
    }
  }

  private float lossAt(String name, int index, float change) {
    Session.Runner runner = session.runner().fetch(loss);
    List<TFloat32> fed = feed(runner, name, index, change);
    try (Result result = runner.run()) {
      return ((TFloat32) result.get(0)).getFloat();
    } finally {
      fed.forEach(TFloat32::close);
    }
  }

  /** Feeds the fixture's values, with one entry of one of them changed. */
  private List<TFloat32> feed(Session.Runner runner, String changed, int index, float change) {
    List<TFloat32> fed = new ArrayList<>();
    inputs.forEach(
        (name, placeholder) -> {
          JsonNode value = fixture.get("values").get(name);
          float[] numbers = numbers(value);
          if (name.equals(changed)) {
            numbers[index] += change;
          }
          TFloat32 tensor = TFloat32.tensorOf(shape(value), DataBuffers.of(numbers));
          fed.add(tensor);
          runner.feed(placeholder, tensor);
        });
    return fed;
  }

  private Operand<TFloat32> quantized(
      Ops tf, String name, String stepName, QuantizationGrid grid, long n) {
    return LsqQuantizer.quantize(
        tf, input(name), input(stepName), grid, LsqQuantizer.gradientScale(n, grid));
  }

  private Placeholder<TFloat32> input(String name) {
    return Objects.requireNonNull(inputs.get(name), name);
  }

  private int[] labels() {
    JsonNode node = fixture.get("labels");
    int[] labels = new int[node.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = node.get(i).intValue();
    }
    return labels;
  }

  private static Shape shape(JsonNode value) {
    Shape shape = Shape.scalar();
    for (JsonNode node = value; node.isArray(); node = node.get(0)) {
      shape = shape.append(node.size());
    }
    return shape;
  }

  private static float[] numbers(JsonNode value) {
    List<Float> numbers = new ArrayList<>();
    collect(value, numbers);
    float[] array = new float[numbers.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = numbers.get(i);
    }
    return array;
  }

  private static void collect(JsonNode value, List<Float> numbers) {
    if (value.isArray()) {
      value.forEach(item -> collect(item, numbers));
    } else {
      numbers.add(value.floatValue());
    }
  }
}
