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
import java.util.ArrayList;
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
    Map<String, float[]> all = new LinkedHashMap<>();
    for (VariableGroup group : List.of(VariableGroup.WEIGHTS, VariableGroup.STEP_SIZES)) {
      names(group).forEach(name -> all.put(name, requireNonNull(start.get(name), name)));
    }
    set(all);
  }

  List<String> names(VariableGroup group) {
    return training.model().variables(group).stream().map(ModelVariable::name).toList();
  }

  void set(String variable, float[] value) {
    set(Map.of(variable, value));
  }

  /** In one run: TensorFlow prepares each new set of targets anew. */
  private void set(Map<String, float[]> variables) {
    List<TFloat32> tensors = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      variables.forEach(
          (name, value) -> {
            Shape shape = shape(training.model().variable(name));
            TFloat32 tensor = TFloat32.tensorOf(shape, DataBuffers.of(value));
            tensors.add(tensor);
            runner.feed(values.get(name), tensor).addTarget(assignments.get(name));
          });
      runner.run().close();
    } finally {
      tensors.forEach(TFloat32::close);
    }
  }

  float[] value(String variable) {
    return values(List.of(variable)).get(0);
  }

  /** The values of a group's variables by name. */
  Map<String, float[]> values(VariableGroup group) {
    List<String> names = names(group);
    List<float[]> values = values(names);
    Map<String, float[]> byName = new TreeMap<>();
    for (int i = 0; i < names.size(); i++) {
      byName.put(names.get(i), values.get(i));
    }
    return byName;
  }

  private List<float[]> values(List<String> names) {
    Session.Runner runner = session.runner();
    names.forEach(name -> runner.fetch(training.read(training.model().variable(name))));
    try (Result result = runner.run()) {
      List<float[]> values = new ArrayList<>();
      for (int i = 0; i < names.size(); i++) {
        values.add(TinyBert.floats((TFloat32) result.get(i)));
      }
      return values;
    }
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
