package io.squat.ops;

import com.google.errorprone.annotations.MustBeClosed;
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

/** One quantizer in a long-lived graph, with the gradients of {@code sum(upstream * x_hat)}. */
final class QuantizerGraph implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session;
  private final Placeholder<TFloat32> x;
  private final Placeholder<TFloat32> stepSize;
  private final Placeholder<TFloat32> upstream;
  private final Operand<TFloat32> xHat;
  private final Output<?>[] gradients;

  @MustBeClosed
  QuantizerGraph(QuantizationGrid grid, float gradientScale) {
    Ops tf = Ops.create(graph);
    x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
    stepSize = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    upstream = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
    xHat = LsqQuantizer.quantize(tf, x, stepSize, grid, gradientScale);
    Operand<TFloat32> loss = tf.reduceSum(tf.math.mul(upstream, xHat), tf.constant(0));
    gradients =
        graph.addGradients(loss.asOutput(), new Output<?>[] {x.output(), stepSize.output()});
    session = new Session(graph);
  }

  /** What the quantizer gives: its result and the gradients of x and of the step size. */
  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  record Outcome(float[] xHat, float[] xGradient, float stepSizeGradient) {}

  Outcome run(float[] xValues, float stepSizeValue, float[] upstreamValues) {
    try (TFloat32 xTensor = TFloat32.vectorOf(xValues);
        TFloat32 stepTensor = TFloat32.scalarOf(stepSizeValue);
        TFloat32 upstreamTensor = TFloat32.vectorOf(upstreamValues);
        Result result =
            session
                .runner()
                .feed(x, xTensor)
                .feed(stepSize, stepTensor)
                .feed(upstream, upstreamTensor)
                .fetch(xHat)
                .fetch(gradients[0])
                .fetch(gradients[1])
                .run()) {
      return new Outcome(
          StdArrays.array1dCopyOf((TFloat32) result.get(0)),
          StdArrays.array1dCopyOf((TFloat32) result.get(1)),
          ((TFloat32) result.get(2)).getFloat());
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
