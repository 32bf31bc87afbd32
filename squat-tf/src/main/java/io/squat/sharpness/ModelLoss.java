package io.squat.sharpness;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.ops.BitWidths;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.BatchFeeds;
import io.squat.train.TrainedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/**
 * The mean loss of a trained model on some rows, without dropout, around its quantized weights.
 *
 * <pre>
 * L(e) = mean over rows of the loss at Q(w) + e
 * </pre>
 *
 * <p>The weights that are displaced are those that are quantized, or would be: kernels of linear
 * layers and embedding tables, of a float model too. Rows of tables that no row looks up have no
 * effect on the loss and are left out. Activations are quantized only on demand: their steps make
 * second derivatives meaningless. The files of the model are only read.
 *
 * <p>Batches are computed side by side, each in one thread; the sum over them has one order.
 */
public final class ModelLoss implements Loss, AutoCloseable {
  /** Any widths: which weights are quantized is the same for all. */
  private static final Quantization ALL_WEIGHTS =
      Quantization.of(new BitWidths(8, 8, BitWidths.FLOAT_BITS));

  private final TrainingGraph training;
  private final ExecutorService workers;
  private final Session session;
  private final List<Batch> batches;
  private final int rows;
  private final List<Output<TFloat32>> gradients;
  private final List<Placeholder<TFloat32>> places = new ArrayList<>();
  private final Op assignment;
  private final List<Displaced> displaced = new ArrayList<>();
  private final Weights point;

  /**
   * Reads a model.
   *
   * @param model a trained model
   * @param activations whether activations are quantized as they were in training
   * @param batches the rows
   * @param device where it runs
   * @param threads how many batches are computed side by side, at least 1
   */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // what is opened here is closed by close()
  public ModelLoss(
      TrainedModel model, boolean activations, List<Batch> batches, Device device, int threads) {
    this.batches = List.copyOf(batches);
    this.rows = batches.stream().mapToInt(Batch::rows).sum();
    training =
        TrainingGraph.build(
            model.graph(), activations ? ofActivations(model) : Quantization.NONE, false);
    Map<String, Matrix.Filters> filters;
    List<ModelVariable> weights;
    CheckpointOps checkpoint;
    try {
      filters = filters(model);
      weights =
          training.model().variables(VariableGroup.WEIGHTS).stream()
              .filter(variable -> filters.containsKey(variable.name()))
              .toList();
      gradients = training.gradients("sharpness", weights);
      assignment = assignment(weights);
      checkpoint = CheckpointOps.add(training.tf(), variables());
      session = new Session(training.graph(), config(device, threads));
    } catch (RuntimeException e) {
      training.close();
      throw e;
    }
    workers = Executors.newFixedThreadPool(threads);
    try {
      checkpoint.restore(session, model.variables());
      ModelValues onGrid = ModelValues.onGrid(model.graph(), model.quantization(), model.values());
      for (ModelVariable weight : weights) {
        displaced.add(
            Displaced.all(
                weight.name(),
                Math.toIntExact(weight.shape().get(1)),
                requireNonNull(filters.get(weight.name())),
                onGrid.values(weight.name())));
      }
      leaveOutUnused();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    point =
        Weights.of(
            displaced.stream().map(Displaced::matrix).toList(),
            displaced.stream().map(variable -> variable.take(variable.values())).toList());
  }

  private static Quantization ofActivations(TrainedModel model) {
    return new Quantization(
        new BitWidths(
            BitWidths.FLOAT_BITS, BitWidths.FLOAT_BITS, model.quantization().bits().activations()),
        null,
        model.quantization().granularity());
  }

  /** Which way the filters lie of each weight that can be displaced. */
  private static Map<String, Matrix.Filters> filters(TrainedModel model) {
    Map<String, Matrix.Filters> filters = new LinkedHashMap<>();
    for (Quantizer quantizer : Rewriting.quantizers(model.graph(), ALL_WEIGHTS)) {
      filters.put(
          quantizer.source(),
          quantizer.kind() == Quantizer.Kind.EMBEDDING
              ? Matrix.Filters.ROWS
              : Matrix.Filters.COLUMNS);
    }
    return filters;
  }

  /** One thread an operation: the batches are what is side by side. */
  private static ConfigProto config(Device device, int threads) {
    return device.config(threads).toBuilder().setIntraOpParallelismThreads(1).build();
  }

  private Op assignment(List<ModelVariable> weights) {
    Ops tf = training.tf().withSubScope("displace");
    List<Op> assigned = new ArrayList<>();
    for (ModelVariable weight : weights) {
      Placeholder<TFloat32> place =
          tf.placeholder(TFloat32.class, Placeholder.shape(shape(weight)));
      places.add(place);
      assigned.add(tf.assign(training.variable(weight), place));
    }
    return tf.withControlDependencies(assigned).noOp();
  }

  private static Shape shape(ModelVariable variable) {
    return Shape.of(Longs.toArray(variable.shape()));
  }

  private Map<String, Output<TFloat32>> variables() {
    Map<String, Output<TFloat32>> variables = new LinkedHashMap<>();
    Stream.of(VariableGroup.WEIGHTS, VariableGroup.STEP_SIZES)
        .flatMap(group -> training.model().variables(group).stream())
        .forEach(variable -> variables.put(variable.name(), training.variable(variable)));
    return variables;
  }

  private void leaveOutUnused() {
    assign(displaced.stream().map(Displaced::values).toList());
    List<Evaluated> all = evaluate(true);
    for (int i = 0; i < displaced.size(); i++) {
      Displaced variable = displaced.get(i);
      if (variable.matrix().filters() == Matrix.Filters.ROWS) {
        displaced.set(i, variable.where(sum(all, i)));
      }
    }
  }

  @Override
  public Weights point() {
    return point;
  }

  @Override
  public double at(Weights displacement) {
    displace(displacement);
    return mean(evaluate(false));
  }

  @Override
  public Slope slope(Weights displacement) {
    displace(displacement);
    List<Evaluated> all = evaluate(true);
    List<float[]> sums = new ArrayList<>();
    for (int i = 0; i < displaced.size(); i++) {
      sums.add(sum(all, i));
    }
    return new Slope(mean(all), Weights.of(point.matrices(), sums));
  }

  /**
   * What a batch gave.
   *
   * @param part of all rows that are in the batch
   * @param loss its mean loss
   * @param gradients of its mean loss for the displaced rows, none if not asked for
   */
  private record Evaluated(double part, double loss, List<float[]> gradients) {}

  private static double mean(List<Evaluated> all) {
    return all.stream().mapToDouble(batch -> batch.part() * batch.loss()).sum();
  }

  private static float[] sum(List<Evaluated> all, int variable) {
    float[] sum = new float[all.get(0).gradients().get(variable).length];
    for (Evaluated batch : all) {
      float[] gradient = batch.gradients().get(variable);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += (float) (batch.part() * gradient[i]);
      }
    }
    return sum;
  }

  private void displace(Weights displacement) {
    List<float[]> displacedValues = new ArrayList<>();
    for (int i = 0; i < displaced.size(); i++) {
      displacedValues.add(displaced.get(i).plus(displacement.values(i)));
    }
    assign(displacedValues);
  }

  private void assign(List<float[]> values) {
    List<Tensor> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner().addTarget(assignment);
      for (int i = 0; i < places.size(); i++) {
        Placeholder<TFloat32> place = places.get(i);
        TFloat32 tensor =
            TFloat32.tensorOf(place.shape(), DataBuffers.of(values.get(i), true, false));
        fed.add(tensor);
        runner.feed(place, tensor);
      }
      runner.run().close();
    } finally {
      fed.forEach(Tensor::close);
    }
  }

  private List<Evaluated> evaluate(boolean withGradients) {
    List<Callable<Evaluated>> work = new ArrayList<>();
    for (Batch batch : batches) {
      work.add(() -> evaluate(batch, withGradients));
    }
    List<Evaluated> all = new ArrayList<>();
    try {
      for (Future<Evaluated> done : workers.invokeAll(work)) {
        all.add(done.get());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("the loss cannot be computed: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the loss was computed", e);
    }
    return all;
  }

  private Evaluated evaluate(Batch batch, boolean withGradients) {
    try (BatchFeeds feeds = new BatchFeeds(training, batch)) {
      Session.Runner runner = feeds.runner(session).fetch(training.loss());
      if (withGradients) {
        gradients.forEach(runner::fetch);
      }
      try (Result result = runner.run()) {
        List<float[]> found = new ArrayList<>();
        for (int i = 0; i < (withGradients ? gradients.size() : 0); i++) {
          TFloat32 tensor = (TFloat32) result.get(1 + i);
          float[] whole = new float[Math.toIntExact(tensor.size())];
          tensor.asRawTensor().data().asFloats().read(whole);
          found.add(displaced.get(i).take(whole));
        }
        return new Evaluated(
            (double) batch.rows() / rows, ((TFloat32) result.get(0)).getFloat(), found);
      }
    }
  }

  @Override
  public void close() {
    workers.shutdownNow();
    session.close();
    training.close();
  }
}
