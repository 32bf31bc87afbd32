package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.CheckpointOps;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.TaskHead;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

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

  /** The seed of the masks of one batch. */
  record DropoutSeed(int first, int second) {
    static final DropoutSeed NONE = new DropoutSeed(0, 0);
  }

  private final TrainingGraph training;
  private final Phases phases;
  private final Session session;
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
      stateCheckpoint = CheckpointOps.add(training.tf(), phases.state());
      modelCheckpoint = CheckpointOps.add(training.tf(), phases.modelState());
      startHead(seed);
      training.model().variables(VariableGroup.STEP_SIZES).forEach(this::startValue);
      session = new Session(training.graph(), config);
      session.initialize();
    } catch (RuntimeException e) {
      training.close();
      throw e;
    }
  }

  TrainingGraph training() {
    return training;
  }

  private void startHead(long seed) {
    TaskHead head = training.model().requireHead();
    ModelVariable kernel = training.model().variable(head.weight());
    ModelVariable bias = training.model().variable(head.bias());
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
   * @param key the key of a variable, null where it keeps the value it was started with
   */
  void startWeights(Path checkpoint, Function<ModelVariable, @Nullable String> key) {
    Map<String, Output<TFloat32>> variables = new LinkedHashMap<>();
    for (ModelVariable variable : training.model().variables(VariableGroup.WEIGHTS)) {
      String found = key.apply(variable);
      if (found != null) {
        variables.put(found, training.variable(variable));
      }
    }
    CheckpointOps.add(training.tf(), variables).restore(session, checkpoint);
  }

  /**
   * Starts the step sizes.
   *
   * @param values the step of every quantizer by the name of its variable
   */
  void startStepSizes(Map<String, Float> values) {
    List<Tensor> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      startValues.forEach(
          (name, placeholder) -> {
            TFloat32 value = TFloat32.scalarOf(requireNonNull(values.get(name), name));
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

  /** Runs the step-size phase of {@code batches:K} on a batch of its own and returns its loss. */
  float trainStepSizes(Batch batch, BatchSettings settings) {
    return run(batch, settings, List.of(requireNonNull(phases.extraBatch)));
  }

  private float run(Batch batch, BatchSettings settings, List<Op> targets) {
    try (Feeds feeds = new Feeds()) {
      feeds.batch(batch);
      feeds.scalar(phases.learningRate, settings.learningRate());
      feeds.scalar(phases.stepLearningRate, settings.stepLearningRate());
      feeds.scalar(phases.rho, settings.rho());
      feeds.dropout(settings.dropoutRate(), settings.dropoutSeed());
      float loss = Float.NaN;
      for (int i = 0; i < targets.size(); i++) {
        Session.Runner runner = feeds.runner().addTarget(targets.get(i));
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
   * Computes tensors of the graph for a batch, without dropout.
   *
   * @return the values of each tensor, row by row
   */
  List<float[]> evaluate(Batch batch, List<? extends Operand<TFloat32>> tensors) {
    try (Feeds feeds = new Feeds()) {
      feeds.batch(batch);
      feeds.dropout(0, DropoutSeed.NONE);
      Session.Runner runner = feeds.runner();
      tensors.forEach(runner::fetch);
      try (Result result = runner.run()) {
        List<float[]> values = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
          TFloat32 tensor = (TFloat32) result.get(i);
          float[] copy = new float[Math.toIntExact(tensor.size())];
          tensor.asRawTensor().data().asFloats().read(copy);
          values.add(copy);
        }
        return values;
      }
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

  /** The fed tensors of one batch, the same in all of its phases. */
  private final class Feeds implements AutoCloseable {
    private final Map<Operand<?>, Tensor> tensors = new LinkedHashMap<>();

    void batch(Batch batch) {
      Shape shape = Shape.of(batch.rows(), batch.length());
      ints(InputRole.IDS, shape, batch.ids());
      ints(InputRole.MASK, shape, batch.mask());
      if (training.model().input(InputRole.SEGMENTS).isPresent()) {
        ints(InputRole.SEGMENTS, shape, batch.segments());
      }
      tensors.put(
          training.labels(),
          TFloat32.tensorOf(Shape.of(batch.rows()), DataBuffers.of(batch.labels(), true, false)));
    }

    private void ints(InputRole role, Shape shape, int[] values) {
      tensors.put(
          training.input(role), TInt32.tensorOf(shape, DataBuffers.of(values, true, false)));
    }

    void scalar(Operand<TFloat32> placeholder, float value) {
      tensors.put(placeholder, TFloat32.scalarOf(value));
    }

    void dropout(float rate, DropoutSeed seed) {
      scalar(training.dropoutRate(), rate);
      tensors.put(training.dropoutSeed(), TInt32.vectorOf(seed.first(), seed.second()));
    }

    Session.Runner runner() {
      Session.Runner runner = session.runner();
      tensors.forEach(runner::feed);
      return runner;
    }

    @Override
    public void close() {
      tensors.values().forEach(Tensor::close);
    }
  }
}
