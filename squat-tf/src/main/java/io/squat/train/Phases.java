package io.squat.train;

import io.squat.ops.LsqQuantizer;
import io.squat.ops.Sam;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.TrainingGraph;
import io.squat.savedmodels.VariableGroup;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/**
 * The named targets of training: each is one {@code Session.run}.
 *
 * <pre>
 * ascend           e = rho * G / ||G||,  G = dL/dQ(w) at e = 0;  `within` also keeps dL/ds
 * descend          w by dL/dw at Q(w) + e;  saq: s by dL/ds there too;  then e = 0
 * updateStepSizes  s by the kept dL/ds (within), or by dL/ds of its own batch (batches:K)
 * step             fp: w by dL/dw;  lsq: w and s by dL/dw and dL/ds
 * </pre>
 *
 * <p>The sharpness phase (ascend, descend) of squat moves only weights, its step-size phase only
 * step sizes. A perturbation is a variable beside the weight, so that taking it back is exact.
 * Every update waits, by control edges, for all gradients of its run: reads of a VariableV2 alias
 * its buffer.
 *
 * <p>The rate of step sizes is relative to the step. Adam moves every variable by about its rate,
 * whatever the scale of its gradient, and steps differ by a factor of a thousand: an absolute rate
 * of 1e-3 is nothing to an activation's step of 0.5 and takes the 0.002 of an 8-bit table down to
 * zero within a few batches.
 */
final class Phases {
  private static final float EPSILON = 1e-8f;

  private final TrainingGraph training;
  private final Ops tf;
  private final OptimizerSettings settings;
  private final AdamW weightsOptimizer;
  private final AdamW stepsOptimizer;
  private final List<ModelVariable> weights;
  private final List<ModelVariable> stepSizes;
  private final List<ModelVariable> perturbations;

  final Placeholder<TFloat32> learningRate;
  final Placeholder<TFloat32> stepLearningRate;
  final Placeholder<TFloat32> rho;

  /** The targets that a batch is run through, in this order, with the same feeds. */
  final List<Op> batch;

  /** The target of the extra batch of {@code batches:K}, null otherwise. */
  final @Nullable Op extraBatch;

  /**
   * Adds the targets to a graph.
   *
   * @param training the graph; perturbed if the method perturbs
   * @param method the method
   * @param alternation how the phases of squat alternate
   * @param settings the optimizers' settings
   */
  Phases(
      TrainingGraph training, Method method, Alternation alternation, OptimizerSettings settings) {
    this.training = training;
    this.tf = training.tf();
    this.settings = settings;
    this.learningRate = scalar("learning_rate");
    this.stepLearningRate = scalar("step_learning_rate");
    this.rho = scalar("rho");
    this.weights = training.model().variables(VariableGroup.WEIGHTS);
    this.stepSizes = training.model().variables(VariableGroup.STEP_SIZES);
    this.perturbations = training.model().variables(VariableGroup.PERTURBATIONS);
    this.weightsOptimizer = optimizer("weights", w -> learningRate, settings.weightDecay());
    this.stepsOptimizer = optimizer("step_sizes", s -> tf.math.mul(stepLearningRate, s), 0);
    perturbations.forEach(this::startAtZero);
    switch (method) {
      case FP, LSQ -> {
        batch = List.of(step());
        extraBatch = null;
      }
      case SAQ -> {
        batch = List.of(ascend(Map.of()), descend(stepSizes));
        extraBatch = null;
      }
      case SQUAT -> {
        if (alternation.within()) {
          Map<ModelVariable, Variable<TFloat32>> kept = keptGradients();
          batch = List.of(ascend(kept), descend(List.of()), updateStepSizes(kept));
          extraBatch = null;
        } else {
          batch = List.of(ascend(Map.of()), descend(List.of()));
          extraBatch = updateStepSizes();
        }
      }
      default -> throw new IllegalStateException("method " + method);
    }
  }

  /** Everything that the next batch depends on, by key: what a checkpoint must hold. */
  Map<String, Output<TFloat32>> state() {
    Map<String, Output<TFloat32>> state = new LinkedHashMap<>(modelState());
    state.putAll(weightsOptimizer.state());
    state.putAll(stepsOptimizer.state());
    return state;
  }

  /** The model alone: weights and step sizes by name. */
  Map<String, Output<TFloat32>> modelState() {
    Map<String, Output<TFloat32>> state = new LinkedHashMap<>();
    Stream.concat(weights.stream(), stepSizes.stream())
        .forEach(variable -> state.put(variable.name(), training.variable(variable)));
    return state;
  }

  private Op step() {
    return update("step", concat(weights, stepSizes), weights, stepSizes, List.of());
  }

  private Op ascend(Map<ModelVariable, Variable<TFloat32>> kept) {
    List<ModelVariable> keptSteps = List.copyOf(kept.keySet());
    Ops scope = tf.withSubScope("ascend");
    List<Output<TFloat32>> gradients =
        barrier(scope, training.gradients("ascend/gradients", concat(perturbations, keptSteps)));
    int count = perturbations.size();
    List<Operand<TFloat32>> ascent = Sam.perturbation(scope, gradients.subList(0, count), rho);
    List<Op> assignments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      assignments.add(scope.assign(training.variable(perturbations.get(i)), ascent.get(i)));
    }
    for (int i = 0; i < keptSteps.size(); i++) {
      Variable<TFloat32> place = kept.get(keptSteps.get(i));
      if (place != null) {
        assignments.add(scope.assign(place, gradients.get(count + i)));
      }
    }
    return scope.withControlDependencies(assignments).noOp();
  }

  private Op descend(List<ModelVariable> jointSteps) {
    return update("descend", concat(weights, jointSteps), weights, jointSteps, perturbations);
  }

  /** The step-size phase on a batch of its own. */
  private Op updateStepSizes() {
    return update("update_step_sizes", stepSizes, List.of(), stepSizes, List.of());
  }

  /** The step-size phase by gradients that the ascent kept. */
  private Op updateStepSizes(Map<ModelVariable, Variable<TFloat32>> kept) {
    Ops scope = tf.withSubScope("update_step_sizes");
    List<Output<TFloat32>> gradients = new ArrayList<>();
    for (ModelVariable step : stepSizes) {
      gradients.add(scope.identity(kept.get(step)).asOutput());
    }
    return applyToSteps(scope, barrier(scope, gradients), stepSizes);
  }

  private Op update(
      String name,
      List<ModelVariable> asked,
      List<ModelVariable> moved,
      List<ModelVariable> movedSteps,
      List<ModelVariable> cleared) {
    Ops scope = tf.withSubScope(name);
    List<Output<TFloat32>> gradients =
        barrier(scope, training.gradients(name + "/gradients", asked));
    List<Op> updates = new ArrayList<>();
    if (!moved.isEmpty()) {
      List<Output<TFloat32>> raw = gradients.subList(0, moved.size());
      Operand<TFloat32> norm = Sam.globalNorm(scope, raw);
      List<Operand<TFloat32>> clipped =
          Sam.clipByGlobalNorm(scope, raw, norm, (float) settings.clip());
      updates.add(weightsOptimizer.applyGradients(pairs(clipped, moved), name + "_weights"));
    }
    if (!movedSteps.isEmpty()) {
      updates.add(applyToSteps(scope, gradients.subList(moved.size(), asked.size()), movedSteps));
    }
    Ops after = scope.withControlDependencies(List.<Op>copyOf(gradients));
    for (ModelVariable perturbation : cleared) {
      updates.add(
          after.assign(
              training.variable(perturbation),
              after.fill(scope.constant(Shape.of(dimensions(perturbation))), scope.constant(0f))));
    }
    return scope.withControlDependencies(updates).noOp();
  }

  private Op applyToSteps(
      Ops scope, List<? extends Operand<TFloat32>> gradients, List<ModelVariable> steps) {
    Op applied = stepsOptimizer.applyGradients(pairs(gradients, steps), "apply_to_steps");
    Ops after = scope.withControlDependencies(List.of(applied));
    List<Op> clamped = new ArrayList<>();
    for (ModelVariable step : steps) {
      Output<TFloat32> variable = training.variable(step);
      clamped.add(after.assign(variable, LsqQuantizer.clampPositive(after, variable)));
    }
    return scope.withControlDependencies(clamped).noOp();
  }

  /** The same gradients, none of which is there before all are. */
  private static List<Output<TFloat32>> barrier(Ops scope, List<Output<TFloat32>> gradients) {
    Op all = scope.withControlDependencies(List.<Op>copyOf(gradients)).noOp();
    Ops after = scope.withControlDependencies(List.of(all));
    return gradients.stream().map(gradient -> after.identity(gradient).asOutput()).toList();
  }

  private List<GradAndVar<? extends TType>> pairs(
      List<? extends Operand<TFloat32>> gradients, List<ModelVariable> variables) {
    List<GradAndVar<? extends TType>> pairs = new ArrayList<>();
    for (int i = 0; i < variables.size(); i++) {
      pairs.add(new GradAndVar<>(gradients.get(i).asOutput(), training.variable(variables.get(i))));
    }
    return pairs;
  }

  private Map<ModelVariable, Variable<TFloat32>> keptGradients() {
    Map<ModelVariable, Variable<TFloat32>> kept = new LinkedHashMap<>();
    for (ModelVariable step : stepSizes) {
      kept.put(step, tf.variable(Shape.of(dimensions(step)), TFloat32.class));
    }
    return kept;
  }

  private void startAtZero(ModelVariable perturbation) {
    Ops init = tf.withInitScope();
    init.assign(
        training.variable(perturbation),
        init.fill(init.constant(Shape.of(dimensions(perturbation))), init.constant(0f)));
  }

  private AdamW optimizer(String name, UnaryOperator<Operand<TFloat32>> rate, double decay) {
    Set<String> decaying =
        weights.stream()
            .filter(variable -> variable.shape().size() > 1)
            .map(ModelVariable::name)
            .collect(Collectors.toUnmodifiableSet());
    return new AdamW(training.graph(), name, rate, EPSILON, (float) decay, decaying::contains);
  }

  private Placeholder<TFloat32> scalar(String name) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
  }

  private static long[] dimensions(ModelVariable variable) {
    return variable.shape().stream().mapToLong(Long::longValue).toArray();
  }

  private static List<ModelVariable> concat(List<ModelVariable> a, List<ModelVariable> b) {
    return Stream.concat(a.stream(), b.stream()).toList();
  }
}
