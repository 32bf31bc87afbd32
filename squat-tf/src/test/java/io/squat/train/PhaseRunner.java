package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.TrainingSession.BatchSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Runs phases one by one, and reads and sets every variable in between. */
final class PhaseRunner implements AutoCloseable {
  private static final int THREADS = 2;

  final TrainingGraph training;
  final Phases phases;
  private final Session session;
  private final Map<String, Placeholder<TFloat32>> values = new LinkedHashMap<>();
  private final Map<String, Op> assignments = new LinkedHashMap<>();

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The graph is closed by close().
  PhaseRunner(
      ModelGraph model,
      Quantization quantization,
      Method method,
      Alternation alternation,
      OptimizerSettings settings,
      Map<String, float[]> start) {
    training = TrainingGraph.build(model, quantization, method.perturbed());
    phases = new Phases(training, method, alternation, settings);
    for (ModelVariable variable : training.model().variables()) {
      Placeholder<TFloat32> value =
          training.tf().placeholder(TFloat32.class, Placeholder.shape(shape(variable)));
      values.put(variable.name(), value);
      assignments.put(variable.name(), training.tf().assign(training.variable(variable), value));
    }
    session = new Session(training.graph(), Device.CPU.config(THREADS));
    session.initialize();
    for (VariableGroup group : List.of(VariableGroup.WEIGHTS, VariableGroup.STEP_SIZES)) {
      names(group).forEach(name -> set(name, requireNonNull(start.get(name), name)));
    }
  }

  List<String> names(VariableGroup group) {
    return training.model().variables(group).stream().map(ModelVariable::name).toList();
  }

  void set(String variable, float[] value) {
    Shape shape = shape(training.model().variable(variable));
    try (TFloat32 tensor = TFloat32.tensorOf(shape, DataBuffers.of(value))) {
      session
          .runner()
          .feed(values.get(variable), tensor)
          .addTarget(assignments.get(variable))
          .run()
          .close();
    }
  }

  float[] value(String variable) {
    Output<TFloat32> read = training.read(training.model().variable(variable));
    try (Result result = session.runner().fetch(read).run()) {
      return TinyBert.floats((TFloat32) result.get(0));
    }
  }

  /** The values of a group's variables by name. */
  Map<String, float[]> values(VariableGroup group) {
    Map<String, float[]> found = new TreeMap<>();
    names(group).forEach(name -> found.put(name, value(name)));
    return found;
  }

  /** Runs a target and returns the loss that its run computed. */
  float run(Op target, Batch batch, BatchSettings settings) {
    try (BatchFeeds feeds =
        new BatchFeeds(training, batch, settings.dropoutRate(), settings.dropoutSeed())) {
      feeds.scalar(phases.learningRate, settings.learningRate());
      feeds.scalar(phases.stepLearningRate, settings.stepLearningRate());
      feeds.scalar(phases.rho, settings.rho());
      try (Result result = feeds.runner(session).addTarget(target).fetch(training.loss()).run()) {
        return ((TFloat32) result.get(0)).getFloat();
      }
    }
  }

  /** Runs all phases of a batch and returns the loss of the first. */
  float runBatch(Batch batch, BatchSettings settings) {
    float loss = Float.NaN;
    for (Op target : phases.batch) {
      float found = run(target, batch, settings);
      loss = target == phases.batch.get(0) ? found : loss;
    }
    return loss;
  }

  /** Computes tensors of a batch without dropout, at whatever the perturbations are. */
  List<float[]> fetch(Batch batch, List<Output<TFloat32>> tensors) {
    try (BatchFeeds feeds = new BatchFeeds(training, batch)) {
      return feeds.fetch(session, tensors);
    }
  }

  float loss(Batch batch) {
    return fetch(batch, List.of(training.loss().asOutput())).get(0)[0];
  }

  private static Shape shape(ModelVariable variable) {
    return Shape.of(variable.shape().stream().mapToLong(Long::longValue).toArray());
  }

  @Override
  public void close() {
    session.close();
    training.close();
  }
}
