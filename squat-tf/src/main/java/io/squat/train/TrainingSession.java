package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.StoredTensor;
import io.squat.savedmodels.TaskHead;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.framework.initializers.TruncatedNormal;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * A training graph with its phases in a session: batches in, losses and logits out; everything else
 * stays on the device.
 */
final class TrainingSession implements AutoCloseable {
  /** The standard deviation that BERT's own weights start with. */
  private static final double HEAD_DEVIATION = 0.02;

  /**
   * The rates and the seed of one batch.
   *
   * @param learningRate of weights
   * @param stepLearningRate of step sizes
   * @param rho the radius of the perturbation
   * @param dropoutRate the rate of dropout
   * @param dropoutSeed two numbers, the same in all phases of the batch
   */
  record BatchSettings(
      float learningRate,
      float stepLearningRate,
      float rho,
      float dropoutRate,
      DropoutSeed dropoutSeed) {}

  private final TrainingGraph training;
  private final Phases phases;
  private final Session session;
  private final Operand<TBool> finite;
  private final QuantizerWatch quantizers;
  private final CheckpointOps stateCheckpoint;
  private final CheckpointOps modelCheckpoint;
  private final Map<String, Placeholder<TFloat32>> startValues = new LinkedHashMap<>();
  private final List<Op> starts = new ArrayList<>();

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The graph is closed by close().
  TrainingSession(
      ModelGraph model,
      Quantization quantization,
      Method method,
      Alternation alternation,
      OptimizerSettings settings,
      long seed,
      ConfigProto config) {
    training = TrainingGraph.build(model, quantization, method.perturbed());
    try {
      phases = new Phases(training, method, alternation, settings);
      finite = finite(phases.modelState().values());
      stateCheckpoint = CheckpointOps.add(training.tf(), phases.state());
      modelCheckpoint = CheckpointOps.add(training.tf(), phases.modelState());
      quantizers = new QuantizerWatch(training);
      startHead(seed);
      training.model().variables(VariableGroup.STEP_SIZES).forEach(this::startValue);
      session = initialized(training.graph(), config);
    } catch (RuntimeException e) {
      training.close();
      throw e;
    }
  }

  /** A graph with an open session would wait for it when it is closed. */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // It is closed or given back.
  private static Session initialized(Graph graph, ConfigProto config) {
    Session session = new Session(graph, config);
    try {
      session.initialize();
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  TrainingGraph training() {
    return training;
  }

  /** The targets of all phases. */
  List<Op> targets() {
    List<Op> targets = new ArrayList<>(phases.batch);
    if (phases.extraBatch != null) {
      targets.add(phases.extraBatch);
    }
    return targets;
  }

  private Operand<TBool> finite(Collection<Output<TFloat32>> variables) {
    Ops tf = training.tf().withSubScope("finite");
    List<Operand<TFloat32>> squares = new ArrayList<>();
    for (Output<TFloat32> variable : variables) {
      squares.add(tf.nn.l2Loss(variable));
    }
    return tf.math.isFinite(tf.math.addN(squares));
  }

  private void startHead(long seed) {
    TaskHead head = training.model().requireHead();
    ModelVariable kernel = training.model().variable(head.weight());
    ModelVariable bias = training.model().variable(head.bias());
    if (kernel.stored() != null) {
      return; // the model's own head goes on from its values
    }
    Ops init = training.tf().withInitScope();
    init.assign(
        training.variable(kernel),
        new TruncatedNormal<TFloat32>(0, HEAD_DEVIATION, seed)
            .call(init, init.constant(dimensions(kernel)), TFloat32.class));
    init.assign(
        training.variable(bias),
        init.fill(init.constant(Shape.of(dimensions(bias))), init.constant(0f)));
  }

  private void startValue(ModelVariable variable) {
    Ops tf = training.tf();
    Placeholder<TFloat32> value =
        tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(dimensions(variable))));
    startValues.put(variable.name(), value);
    starts.add(tf.assign(training.variable(variable), value));
  }

  /**
   * Starts the weights from a checkpoint that has a key for each of them, or for all but the head.
   *
   * @param checkpoint the prefix
   * @param stored what a variable is in the checkpoint, null where it keeps the value it was
   *     started with
   */
  void startWeights(Path checkpoint, Function<ModelVariable, @Nullable StoredTensor> stored) {
    Map<StoredTensor, Output<TFloat32>> variables = new LinkedHashMap<>();
    for (ModelVariable variable : training.model().variables(VariableGroup.WEIGHTS)) {
      StoredTensor found = stored.apply(variable);
      if (found != null) {
        variables.put(found, training.variable(variable));
      }
    }
    CheckpointOps.addStored(training.tf(), variables).restore(session, checkpoint);
  }

  /**
   * Starts the step sizes.
   *
   * @param values the numbers of every quantizer's step by the name of its variable
   */
  void startStepSizes(Map<String, List<Float>> values) {
    if (starts.isEmpty()) {
      return;
    }
    List<Tensor> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      startValues.forEach(
          (name, placeholder) -> {
            float[] numbers = Floats.toArray(requireNonNull(values.get(name), name));
            TFloat32 value = TFloat32.tensorOf(placeholder.shape(), DataBuffers.of(numbers));
            fed.add(value);
            runner.feed(placeholder, value);
          });
      starts.forEach(runner::addTarget);
      runner.run().close();
    } finally {
      fed.forEach(Tensor::close);
    }
  }

  /** Runs the phases of one batch and returns its loss before the update. */
  float train(Batch batch, BatchSettings settings) {
    return run(batch, settings, phases.batch);
  }

  /** Whether the step-size phase has batches of its own. */
  boolean hasExtraBatch() {
    return phases.extraBatch != null;
  }

  /** Runs the step-size phase of {@code batches:K} on a batch of its own and returns its loss. */
  float trainStepSizes(Batch batch, BatchSettings settings) {
    return run(batch, settings, List.of(requireNonNull(phases.extraBatch)));
  }

  private float run(Batch batch, BatchSettings settings, List<Op> targets) {
    try (BatchFeeds feeds =
        new BatchFeeds(training, batch, settings.dropoutRate(), settings.dropoutSeed())) {
      feeds.scalar(phases.learningRate, settings.learningRate());
      feeds.scalar(phases.stepLearningRate, settings.stepLearningRate());
      feeds.scalar(phases.rho, settings.rho());
      float loss = Float.NaN;
      for (int i = 0; i < targets.size(); i++) {
        Session.Runner runner = feeds.runner(session).addTarget(targets.get(i));
        if (i == 0) {
          runner.fetch(training.loss());
        }
        try (Result result = runner.run()) {
          loss = i == 0 ? ((TFloat32) result.get(0)).getFloat() : loss;
        }
      }
      return loss;
    }
  }

  /**
   * The logits of a batch, without dropout.
   *
   * @return float32 [B, C], row by row
   */
  float[] logits(Batch batch) {
    try (BatchFeeds feeds = new BatchFeeds(training, batch)) {
      return feeds.fetch(session, List.of(training.logits())).get(0);
    }
  }

  /** The quantizers as a batch finds them, by the variable or tensor that they quantize. */
  Map<String, QuantizerState> quantizers(Batch batch) {
    return quantizers.look(session, batch);
  }

  /** How the weights and tables lie on their grids. */
  List<WeightHistogram> histograms() {
    return quantizers.histograms(session);
  }

  /** Whether every weight and every step size is a finite number. */
  boolean isFinite() {
    try (Result result = session.runner().fetch(finite).run()) {
      return ((TBool) result.get(0)).getBoolean();
    }
  }

  /** Writes what {@link #restoreState} needs to go on as if nothing had happened. */
  void saveState(Path checkpoint) {
    stateCheckpoint.save(session, checkpoint);
  }

  void restoreState(Path checkpoint) {
    stateCheckpoint.restore(session, checkpoint);
  }

  /** Writes weights and step sizes. */
  void saveModel(Path checkpoint) {
    modelCheckpoint.save(session, checkpoint);
  }

  @Override
  public void close() {
    session.close();
    training.close();
  }

  private static long[] dimensions(ModelVariable variable) {
    return variable.shape().stream().mapToLong(Long::longValue).toArray();
  }
}
