package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;
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

class StraightThroughTest {
  /** x^3 with the gradient of 2x: the loss sum(c y) has the gradient 2c, and no 3 x^2 c. */
  @Test
  void theValueIsOneTensorsAndTheGradientTheOthers() {
    float[] x = {1.5f, -2, 0.25f};
    float[] c = {3, -1, 10};
    try (Graph graph = new Graph();
        TFloat32 xTensor = TFloat32.vectorOf(x);
        TFloat32 cTensor = TFloat32.vectorOf(c)) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> in =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(x.length)));
      Placeholder<TFloat32> factors =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(c.length)));
      Operand<TFloat32> value = tf.math.mul(in, tf.math.mul(in, in));
      Operand<TFloat32> path = tf.math.mul(tf.constant(2f), in);
      Operand<TFloat32> y = StraightThrough.of(tf, value, path);
      Operand<TFloat32> loss = tf.reduceSum(tf.math.mul(factors, y), tf.constant(0));
      Output<?>[] gradient = graph.addGradients(loss.asOutput(), new Output<?>[] {in.asOutput()});
      try (Session session = new Session(graph);
          Result result =
              session
                  .runner()
                  .feed(in, xTensor)
                  .feed(factors, cTensor)
                  .fetch(y)
                  .fetch(gradient[0])
                  .run()) {
        assertArrayEquals(
            new float[] {3.375f, -8, 0.015625f}, StdArrays.array1dCopyOf((TFloat32) result.get(0)));
        assertArrayEquals(
            new float[] {6, -2, 20}, StdArrays.array1dCopyOf((TFloat32) result.get(1)));
      }
    }
  }
}
