package io.squat.train;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.op.train.ApplyAdam;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
 * ICLR 2019, arXiv 1711.05101, algorithm 2), at a learning rate that is fed.
 *
 * <pre>
 * w = w - lr * decay * w
 * m = b1 * m + (1 - b1) * g                  v = b2 * v + (1 - b2) * g^2
 * w = w - lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)
 * </pre>
 *
 * <p>It is applied to explicit lists of gradients and variables only. The gradients must be behind
 * a barrier (see {@link Phases}): a variable is updated as soon as its own gradient is there, while
 * other gradients may still read it.
 */
final class AdamW extends Optimizer {
  static final float BETA_ONE = 0.9f;
  static final float BETA_TWO = 0.999f;

  private static final String FIRST_MOMENT = "m";
  private static final String SECOND_MOMENT = "v";

  private final String name;
  private final UnaryOperator<Operand<TFloat32>> learningRate;
  private final float epsilon;
  private final float weightDecay;
  private final Predicate<String> decays;
  private final Map<String, Output<TFloat32>> state = new LinkedHashMap<>();
  private @Nullable Variable<TFloat32> betaOnePower;
  private @Nullable Variable<TFloat32> betaTwoPower;

  /**
   * Makes an optimizer.
   *
   * @param graph the graph of the variables
   * @param name the name of its global variables, one for each optimizer of a graph
   * @param learningRate the rate of a variable, float32 scalar or of the variable's shape; may
   *     depend on the variable's value
   * @param epsilon added to the root of the second moment
   * @param weightDecay the decay a step, as a fraction of the learning rate
   * @param decays which variables decay, by name
   */
  AdamW(
      Graph graph,
      String name,
      UnaryOperator<Operand<TFloat32>> learningRate,
      float epsilon,
      float weightDecay,
      Predicate<String> decays) {
    super(graph, name);
    this.name = name;
    this.learningRate = learningRate;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
    this.decays = decays;
  }

  @Override
  public String getOptimizerName() {
    return "AdamW";
  }

  /** The optimizer's own variables by the key that they have in a checkpoint. */
  Map<String, Output<TFloat32>> state() {
    return state;
  }

  @Override
  protected void createSlots(List<Output<? extends TType>> variables) {
    for (Output<? extends TType> variable : variables) {
      Output<TFloat32> weights = variable.expect(TFloat32.class);
      slot(weights, FIRST_MOMENT);
      slot(weights, SECOND_MOMENT);
    }
    betaOnePower = power("beta1_power", BETA_ONE);
    betaTwoPower = power("beta2_power", BETA_TWO);
  }

  /** Not the base class's slots: those take no variable with a slash in its name. */
  private void slot(Output<TFloat32> variable, String slot) {
    Ops init = tf.withInitScope();
    Variable<TFloat32> created = init.variable(variable.shape(), TFloat32.class);
    init.assign(created, init.fill(init.constant(variable.shape()), init.constant(0f)));
    state.put(createName(variable, slot), created.asOutput());
  }

  private Output<TFloat32> slotOf(Output<TFloat32> variable, String slot) {
    return requireNonNull(state.get(createName(variable, slot)));
  }

  private Variable<TFloat32> power(String key, float beta) {
    Ops init = tf.withInitScope();
    Variable<TFloat32> power = init.variable(Shape.scalar(), TFloat32.class);
    init.assign(power, init.constant(beta));
    state.put(this.name + "-" + key, power.asOutput());
    return power;
  }

  @Override
  protected <T extends TType> Op applyDense(Ops deps, Output<T> gradient, Output<T> variable) {
    // Not in `deps`: its every node would wait for every gradient by an edge of its own.
    Output<TFloat32> weights = variable.expect(TFloat32.class);
    Operand<TFloat32> rate = learningRate.apply(weights);
    boolean decaying = weightDecay != 0 && decays.test(variable.op().name());
    if (rate.shape().numDimensions() > 0) {
      if (decaying) {
        throw new IllegalArgumentException(
            "variable "
                + variable.op().name()
                + ": expected one learning rate for all elements of a variable that decays, found"
                + " rates of shape "
                + rate.shape());
      }
      return applyElementwise(gradient.expect(TFloat32.class), weights, rate);
    }
    Ops update = tf;
    if (decaying) {
      Ops after = tf.withControlDependencies(List.of(gradient));
      Operand<TFloat32> decay = tf.math.mul(rate, tf.constant(weightDecay));
      // w - decay * w in one pass over w and without a copy of it.
      Op decayed = after.train.applyGradientDescent(weights, decay, weights);
      update = tf.withControlDependencies(List.of(decayed));
    }
    return adam(update, weights, weights, rate, gradient.expect(TFloat32.class));
  }

  /**
   * ApplyAdam takes one rate for all elements. Where each has its own, it moves zeros at rate 1,
   * and the variable by that times the rate.
   */
  private Op applyElementwise(
      Output<TFloat32> gradient, Output<TFloat32> weights, Operand<TFloat32> rate) {
    Operand<TFloat32> zeros =
        tf.assign(
            tf.variable(weights.shape(), TFloat32.class),
            tf.fill(tf.constant(weights.shape()), tf.constant(0f)));
    Operand<TFloat32> moved = adam(tf, zeros, weights, tf.constant(1f), gradient);
    return tf.assignAdd(weights, tf.math.mul(rate, moved));
  }

  /** Moves a tensor by the moments of a variable. */
  private ApplyAdam<TFloat32> adam(
      Ops update,
      Operand<TFloat32> moved,
      Output<TFloat32> weights,
      Operand<TFloat32> rate,
      Output<TFloat32> gradient) {
    return update.train.applyAdam(
        moved,
        slotOf(weights, FIRST_MOMENT),
        slotOf(weights, SECOND_MOMENT),
        requireNonNull(betaOnePower),
        requireNonNull(betaTwoPower),
        rate,
        tf.constant(BETA_ONE),
        tf.constant(BETA_TWO),
        tf.constant(epsilon),
        gradient);
  }

  @Override
  protected Op finish(List<Op> updates, String name) {
    Ops after = tf.withControlDependencies(updates);
    List<Op> all = new ArrayList<>(updates);
    all.add(power(after, requireNonNull(betaOnePower), BETA_ONE));
    all.add(power(after, requireNonNull(betaTwoPower), BETA_TWO));
    return super.finish(all, name);
  }

  private static Op power(Ops tf, Variable<TFloat32> power, float beta) {
    return tf.assign(power, tf.math.mul(power, tf.constant(beta)));
  }
}
