package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** The optimizer against {@link PlainAdamW}, at a rate that changes from step to step. */
class AdamWTest {
  private static final int STEPS = 12;
  private static final float EPSILON = 1e-3f; // large enough to matter
  private static final float DECAY = 0.3f;
  private static final String DECAYING = "decaying";
  private static final String CONSTANT = "constant";

  /** Of values of about 1; a step moves them by 0.05. */
  private static final double TOLERANCE = 2e-6;

  private final Map<String, Shape> shapes =
      new TreeMap<>(Map.of(DECAYING, Shape.of(3, 2), CONSTANT, Shape.of(5)));

  @Test
  void equalsPlainJava() {
    Random random = new Random(9);
    Map<String, double[]> plain = new TreeMap<>();
    PlainAdamW expected = new PlainAdamW(EPSILON, DECAY, Set.of(DECAYING));
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> rate =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
      Map<String, Placeholder<TFloat32>> gradients = new LinkedHashMap<>();
      Map<String, Output<TFloat32>> fetched = new LinkedHashMap<>();
      List<GradAndVar<? extends TType>> pairs = new ArrayList<>();
      shapes.forEach(
          (name, shape) -> {
            float[] start = TinyBert.gaussian(random, (int) shape.size(), 1);
            plain.put(name, PlainTraining.doubles(start));
            Variable<TFloat32> variable = tf.withName(name).variable(shape, TFloat32.class);
            Ops init = tf.withInitScope();
            init.assign(
                variable, init.reshape(init.constant(start), init.constant(shape.asArray())));
            Placeholder<TFloat32> gradient =
                tf.placeholder(TFloat32.class, Placeholder.shape(shape));
            gradients.put(name, gradient);
            fetched.put(name, variable.asOutput());
            pairs.add(new GradAndVar<>(gradient.asOutput(), variable.asOutput()));
          });
      AdamW optimizer = new AdamW(graph, "test", any -> rate, EPSILON, DECAY, DECAYING::equals);
      Op update = optimizer.applyGradients(pairs, "update");
      fetched.putAll(optimizer.state());
      try (Session session = new Session(graph)) {
        session.initialize();
        for (int step = 0; step < STEPS; step++) {
          float scheduled = 0.05f * (step + 1) / STEPS;
          Map<String, float[]> fed = new TreeMap<>();
          shapes.forEach(
              (name, shape) -> fed.put(name, TinyBert.gaussian(random, (int) shape.size(), 0.1)));
          run(session, update, rate, scheduled, gradients, fed);
          Map<String, double[]> doubles = new TreeMap<>();
          fed.forEach((name, values) -> doubles.put(name, PlainTraining.doubles(values)));
          expected.apply(doubles, plain, scheduled);
          for (String name : shapes.keySet()) {
            assertClose(requireNonNull(plain.get(name)), fetch(session, fetched, name), step, name);
            assertClose(
                expected.firstMoment(name), fetch(session, fetched, name + "-m"), step, "m");
            assertClose(
                expected.secondMoment(name), fetch(session, fetched, name + "-v"), step, "v");
          }
        }
      }
    }
  }

  /** Whatever the size of a variable and of its gradient, the first update is the rate's share. */
  @Test
  void aRateThatIsRelativeMovesSmallVariablesAsLittleAsLargeOnes() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      List<Output<TFloat32>> variables = new ArrayList<>();
      List<GradAndVar<? extends TType>> pairs = new ArrayList<>();
      float[][] startAndGradient = {{0.003f, 5}, {1, -1e-4f}, {40, 1e-4f}};
      for (float[] each : startAndGradient) {
        Variable<TFloat32> variable = tf.variable(Shape.scalar(), TFloat32.class);
        Ops init = tf.withInitScope();
        init.assign(variable, init.constant(each[0]));
        variables.add(variable.asOutput());
        pairs.add(new GradAndVar<>(tf.constant(each[1]).asOutput(), variable.asOutput()));
      }
      AdamW optimizer =
          new AdamW(graph, "test", v -> tf.math.mul(tf.constant(0.01f), v), 1e-12f, 0, n -> false);
      Op update = optimizer.applyGradients(pairs, "update");
      try (Session session = new Session(graph)) {
        session.initialize();
        session.run(update);
        for (int i = 0; i < startAndGradient.length; i++) {
          double start = startAndGradient[i][0];
          double expected = start * (1 - 0.01 * Math.signum(startAndGradient[i][1]));
          try (Result result = session.runner().fetch(variables.get(i)).run()) {
            float found = TinyBert.floats((TFloat32) result.get(0))[0];
            assertEquals(expected, found, start * TOLERANCE, "variable " + i);
          }
        }
      }
    }
  }

  /** A rate for each element: what the plain rule makes of rates that depend on the value. */
  @Test
  void everyElementCanHaveItsOwnRate() {
    float[] start = {0.003f, 1, 40, 0.2f, 7};
    double relative = 0.01;
    Random random = new Random(10);
    Map<String, double[]> plain = new TreeMap<>(Map.of(CONSTANT, PlainTraining.doubles(start)));
    PlainAdamW expected = new PlainAdamW(EPSILON, 0, Set.of());
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Shape shape = Shape.of(start.length);
      Variable<TFloat32> variable = tf.withName(CONSTANT).variable(shape, TFloat32.class);
      Ops init = tf.withInitScope();
      init.assign(variable, init.constant(start));
      Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
      AdamW optimizer =
          new AdamW(
              graph,
              "test",
              v -> tf.math.mul(tf.constant((float) relative), v),
              EPSILON,
              0,
              n -> false);
      Op update =
          optimizer.applyGradients(
              List.of(new GradAndVar<>(gradient.asOutput(), variable.asOutput())), "update");
      try (Session session = new Session(graph)) {
        session.initialize();
        for (int step = 0; step < STEPS; step++) {
          float[] fed = TinyBert.gaussian(random, start.length, 0.1);
          try (TFloat32 tensor = TFloat32.vectorOf(fed)) {
            session.runner().feed(gradient, tensor).addTarget(update).run().close();
          }
          expected.apply(
              new TreeMap<>(Map.of(CONSTANT, PlainTraining.doubles(fed))),
              plain,
              value -> (float) relative * value);
          double[] wanted = requireNonNull(plain.get(CONSTANT));
          float[] found = fetch(session, Map.of(CONSTANT, variable.asOutput()), CONSTANT);
          for (int i = 0; i < wanted.length; i++) {
            assertEquals(wanted[i], found[i], TOLERANCE * start[i], "step " + step + ", " + i);
          }
        }
      }
    }
  }

  @Test
  void aVariableThatDecaysHasOneRate() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> variable = tf.withName(DECAYING).variable(Shape.of(2), TFloat32.class);
      AdamW optimizer = new AdamW(graph, "test", v -> v, EPSILON, DECAY, DECAYING::equals);
      Operand<TFloat32> gradient = tf.constant(new float[2]);
      String message =
          String.valueOf(
              assertThrows(
                      IllegalArgumentException.class,
                      () ->
                          optimizer.applyGradients(
                              List.of(new GradAndVar<>(gradient.asOutput(), variable.asOutput())),
                              "update"))
                  .getMessage());
      assertTrue(message.startsWith("variable decaying: expected one learning rate"), message);
    }
  }

  private void run(
      Session session,
      Op update,
      Placeholder<TFloat32> rate,
      float scheduled,
      Map<String, Placeholder<TFloat32>> gradients,
      Map<String, float[]> fed) {
    List<Tensor> tensors = new ArrayList<>();
    try {
      Session.Runner runner = session.runner().addTarget(update);
      tensors.add(TFloat32.scalarOf(scheduled));
      runner.feed(rate, tensors.get(0));
      fed.forEach(
          (name, values) -> {
            TFloat32 tensor = TFloat32.tensorOf(shapes.get(name), DataBuffers.of(values));
            tensors.add(tensor);
            runner.feed(gradients.get(name), tensor);
          });
      runner.run().close();
    } finally {
      tensors.forEach(Tensor::close);
    }
  }

  private static float[] fetch(
      Session session, Map<String, Output<TFloat32>> tensors, String name) {
    Output<TFloat32> tensor = requireNonNull(tensors.get(name), name);
    try (Result result = session.runner().fetch(tensor).run()) {
      return TinyBert.floats((TFloat32) result.get(0));
    }
  }

  private static void assertClose(double[] expected, float[] found, int step, String name) {
    assertEquals(expected.length, found.length, name);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], TOLERANCE, "step " + step + ", " + name + " " + i);
    }
  }
}
