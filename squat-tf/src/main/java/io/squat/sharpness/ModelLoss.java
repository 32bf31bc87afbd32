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
import io.squat.savedmodels.TensorFlowMessage;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.BatchFeeds;
import io.squat.train.TrainedModel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
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
  private final int threads;
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
    this.threads = threads;
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
    List<float[]> all = evaluate(true).gradients();
    for (int i = 0; i < displaced.size(); i++) {
      Displaced variable = displaced.get(i);
      if (variable.matrix().filters() == Matrix.Filters.ROWS) {
        displaced.set(i, variable.where(all.get(i)));
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
    return evaluate(false).loss();
  }

  @Override
  public Slope slope(Weights displacement) {
    displace(displacement);
    Evaluated all = evaluate(true);
    return new Slope(all.loss(), Weights.of(point.matrices(), all.gradients()));
  }

  /**
   * What one batch gave, or some in all.
   *
   * @param loss the mean loss over a batch's rows; of several the sum of each by its part of all
   *     rows
   * @param gradients of it for the displaced rows, none if not asked for
   */
  private record Evaluated(double loss, List<float[]> gradients) {
    static final Evaluated NONE = new Evaluated(0, List.of());

    Evaluated plus(double part, Evaluated batch) {
      List<float[]> sums =
          gradients.isEmpty()
              ? batch.gradients.stream().map(gradient -> new float[gradient.length]).toList()
              : gradients;
      float narrow = (float) part;
      for (int variable = 0; variable < sums.size(); variable++) {
        float[] sum = sums.get(variable);
        float[] gradient = batch.gradients.get(variable);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += narrow * gradient[i];
        }
      }
      return new Evaluated(loss + part * batch.loss, sums);
    }
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

  /** The sum over batches in their order; no more gradients are held than threads compute. */
  private Evaluated evaluate(boolean withGradients) {
    Evaluated sum = Evaluated.NONE;
    Queue<Future<Evaluated>> running = new ArrayDeque<>();
    int next = 0;
    try {
      for (Batch batch : batches) {
        while (next < batches.size() && running.size() < threads) {
          Batch some = batches.get(next++);
          running.add(workers.submit(() -> evaluate(some, withGradients)));
        }
        sum = sum.plus((double) batch.rows() / rows, running.remove().get());
      }
      return sum;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) { // such as too little memory
        throw error;
      }
      throw new IllegalStateException(
          "the loss cannot be computed: "
              + (e.getCause() instanceof RuntimeException failure
                  ? TensorFlowMessage.of(failure)
                  : e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the loss was computed", e);
    }
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
        return new Evaluated(((TFloat32) result.get(0)).getFloat(), found);
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
