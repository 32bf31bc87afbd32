package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelInput;
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
public final class BatchFeeds implements AutoCloseable {
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** Feeds nothing: for what depends on variables alone. */
  BatchFeeds() {}

  /** Feeds the inputs of a model. */
  BatchFeeds(ModelGraph model, Batch batch) {
    Map<InputRole, int[]> values =
        Map.of(
            InputRole.IDS, batch.ids(),
            InputRole.MASK, batch.mask(),
            InputRole.SEGMENTS, batch.segments());
    Shape shape = Shape.of(batch.rows(), batch.length());
    for (ModelInput input : model.inputs()) {
      int[] ints = requireNonNull(values.get(input.role()));
      tensors.put(input.tensor(), TInt32.tensorOf(shape, DataBuffers.of(ints, true, false)));
    }
  }

  /** Feeds a batch with dropout at a rate. */
  BatchFeeds(TrainingGraph training, Batch batch, float dropoutRate, DropoutSeed dropoutSeed) {
    this(training.model(), batch);
    tensors.put(
        name(training.labels()),
        TFloat32.tensorOf(Shape.of(batch.rows()), DataBuffers.of(batch.labels(), true, false)));
    scalar(training.dropoutRate(), dropoutRate);
    tensors.put(
        name(training.dropoutSeed()), TInt32.vectorOf(dropoutSeed.first(), dropoutSeed.second()));
  }

  /** Feeds a batch without dropout. */
  public BatchFeeds(TrainingGraph training, Batch batch) {
    this(training, batch, 0, DropoutSeed.NONE);
  }

  private static String name(Operand<?> tensor) {
    return tensor.op().name() + ":" + tensor.asOutput().index();
  }

  /** Feeds a scalar too. */
  void scalar(Operand<TFloat32> placeholder, float value) {
    tensors.put(name(placeholder), TFloat32.scalarOf(value));
  }

  /** A run of a session with these tensors fed. */
  public Session.Runner runner(Session session) {
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
    return fetchNames(session, wanted.stream().map(BatchFeeds::name).toList());
  }

  /**
   * Computes tensors of float32 by their names.
   *
   * @return the values of each tensor, row by row
   */
  List<float[]> fetchNames(Session session, List<String> wanted) {
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
