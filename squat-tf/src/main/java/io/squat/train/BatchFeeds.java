package io.squat.train;

import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.TrainingGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The tensors that are fed for one batch, the same in all of its phases. */
final class BatchFeeds implements AutoCloseable {
  private final TrainingGraph training;
  private final Map<Operand<?>, Tensor> tensors = new LinkedHashMap<>();

  /** Feeds a batch with dropout at a rate. */
  BatchFeeds(TrainingGraph training, Batch batch, float dropoutRate, DropoutSeed dropoutSeed) {
    this.training = training;
    Shape shape = Shape.of(batch.rows(), batch.length());
    ints(InputRole.IDS, shape, batch.ids());
    ints(InputRole.MASK, shape, batch.mask());
    if (training.model().input(InputRole.SEGMENTS).isPresent()) {
      ints(InputRole.SEGMENTS, shape, batch.segments());
    }
    tensors.put(
        training.labels(),
        TFloat32.tensorOf(Shape.of(batch.rows()), DataBuffers.of(batch.labels(), true, false)));
    scalar(training.dropoutRate(), dropoutRate);
    tensors.put(training.dropoutSeed(), TInt32.vectorOf(dropoutSeed.first(), dropoutSeed.second()));
  }

  /** Feeds a batch without dropout. */
  BatchFeeds(TrainingGraph training, Batch batch) {
    this(training, batch, 0, DropoutSeed.NONE);
  }

  private void ints(InputRole role, Shape shape, int[] values) {
    tensors.put(training.input(role), TInt32.tensorOf(shape, DataBuffers.of(values, true, false)));
  }

  /** Feeds a scalar too. */
  void scalar(Operand<TFloat32> placeholder, float value) {
    tensors.put(placeholder, TFloat32.scalarOf(value));
  }

  /** A run of a session with these tensors fed. */
  Session.Runner runner(Session session) {
    Session.Runner runner = session.runner();
    tensors.forEach(runner::feed);
    return runner;
  }

  /**
   * Computes tensors.
   *
   * @return the values of each tensor, row by row
   */
  List<float[]> fetch(Session session, List<? extends Operand<TFloat32>> wanted) {
    Session.Runner runner = runner(session);
    wanted.forEach(runner::fetch);
    try (Result result = runner.run()) {
      List<float[]> values = new ArrayList<>();
      for (int i = 0; i < wanted.size(); i++) {
        TFloat32 tensor = (TFloat32) result.get(i);
        float[] copy = new float[Math.toIntExact(tensor.size())];
        tensor.asRawTensor().data().asFloats().read(copy);
        values.add(copy);
      }
      return values;
    }
  }

  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
  }
}
