package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class SamTest {
  // Relative. Leaving one of the three tensors out of the norm changes it by 5 % or more.
  private static final double TOLERANCE = 1e-6;

  private static final int[] SIZES = {1009, 13, 257};

  private static List<float[]> gradients() {
    Random random = new Random(23);
    List<float[]> gradients = new ArrayList<>();
    for (int size : SIZES) {
      float[] gradient = new float[size];
      for (int i = 0; i < size; i++) {
        gradient[i] = (float) (random.nextGaussian() * 3 / Math.sqrt(size));
      }
      gradients.add(gradient);
    }
    return gradients;
  }

  private static double norm(List<float[]> gradients) {
    double sum = 0;
    for (float[] gradient : gradients) {
      for (float value : gradient) {
        sum += (double) value * value;
      }
    }
    return Math.sqrt(sum);
  }

  private static List<Operand<TFloat32>> constants(Ops tf, List<float[]> gradients) {
    List<Operand<TFloat32>> constants = new ArrayList<>();
    for (float[] gradient : gradients) {
      constants.add(tf.constant(gradient));
    }
    return constants;
  }

  private static void assertScaled(
      double factor, List<float[]> gradients, Session session, List<Operand<TFloat32>> found) {
    Session.Runner runner = session.runner();
    found.forEach(runner::fetch);
    try (Result result = runner.run()) {
      for (int t = 0; t < gradients.size(); t++) {
        TFloat32 tensor = (TFloat32) result.get(t);
        assertEquals(gradients.get(t).length, tensor.size());
        for (int i = 0; i < tensor.size(); i++) {
          double expected = factor * gradients.get(t)[i];
          assertEquals(expected, tensor.getFloat(i), TOLERANCE * Math.abs(expected));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, 0.002f, 0.1f})
  void perturbationFollowsTheRule(float rho) {
    List<float[]> gradients = gradients();
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      List<Operand<TFloat32>> found =
          Sam.perturbation(tf, constants(tf, gradients), tf.constant(rho));
      assertScaled(rho / (norm(gradients) + 1e-12), gradients, session, found);
    }
  }

  @Test
  void zeroGradientsArePerturbedByZeros() {
    List<float[]> zeros = List.of(new float[7], new float[3]);
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      assertScaled(
          0, zeros, session, Sam.perturbation(tf, constants(tf, zeros), tf.constant(0.1f)));
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0.5f, 5f, 6f})
  void clippingFollowsTheRule(float clip) {
    List<float[]> gradients = gradients(); // norm about 5.2
    double norm = norm(gradients);
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      List<Operand<TFloat32>> operands = constants(tf, gradients);
      Operand<TFloat32> globalNorm = Sam.globalNorm(tf, operands);
      try (TFloat32 result = (TFloat32) session.runner().fetch(globalNorm).run().get(0)) {
        assertEquals(norm, result.getFloat(), TOLERANCE * norm);
      }
      List<Operand<TFloat32>> found = Sam.clipByGlobalNorm(tf, operands, globalNorm, clip);
      assertScaled(Math.min(1, clip / norm), gradients, session, found);
    }
  }

  @Test
  void clippingZerosGivesZeros() {
    List<float[]> zeros = List.of(new float[4]);
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      List<Operand<TFloat32>> operands = constants(tf, zeros);
      assertScaled(
          0, zeros, session, Sam.clipByGlobalNorm(tf, operands, Sam.globalNorm(tf, operands), 1f));
    }
  }

  @Test
  void badInputIsNamed() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      assertEquals(
          "Global norm: expected at least one tensor, found none",
          assertThrows(IllegalArgumentException.class, () -> Sam.globalNorm(tf, List.of()))
              .getMessage());
      assertEquals(
          "Gradient clipping: expected a positive norm, found 0.0",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> Sam.clipByGlobalNorm(tf, List.of(), tf.constant(1f), 0f))
              .getMessage());
    }
  }
}
