package io.squat.savedmodels;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.OneHot;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * A model with its task head, quantizers and dropout in a TensorFlow graph, with a loss and the
 * groups of variables that gradients are asked for.
 *
 * <pre>
 * classes:     loss = mean over rows of cross entropy(softmax(logits), label)
 * regression:  loss = mean over rows of (logits - label)^2
 * </pre>
 *
 * <p>Evaluation uses the same graph at dropout rate 0. Whoever builds it closes it.
 */
public final class TrainingGraph implements AutoCloseable {
  private static final Pattern NO_GRADIENT = Pattern.compile("No gradient defined for op: (\\w+)");

  private final ModelGraph model;
  private final Graph graph;
  private final Ops tf;
  private final Placeholder<TFloat32> labels;
  private final Operand<TFloat32> loss;

  private TrainingGraph(ModelGraph model, Graph graph) {
    this.model = model;
    this.graph = graph;
    graph.importGraphDef(model.graph());
    this.tf = Ops.create(graph);
    this.labels =
        tf.withName("labels").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
    this.loss = buildLoss();
  }

  /**
   * Rewrites a model for training and builds its loss.
   *
   * @param model a canonical graph with a task head
   * @param quantization what to quantize
   * @param perturbed whether quantized weights can be perturbed
   * @throws IllegalArgumentException if the model is not one that can be trained
   */
  @MustBeClosed
  public static TrainingGraph build(
      ModelGraph model, Quantization quantization, boolean perturbed) {
    model.requireHead();
    ModelGraph rewritten = Rewriting.forTraining(model, quantization, perturbed);
    Graph graph = new Graph();
    try {
      return new TrainingGraph(rewritten, graph);
    } catch (RuntimeException e) {
      graph.close();
      throw e;
    }
  }

  private Operand<TFloat32> buildLoss() {
    Operand<TFloat32> logits = logits();
    if (isRegression()) {
      Operand<TFloat32> scores = tf.reshape(logits, tf.array(-1));
      return tf.withName("loss")
          .math
          .mean(tf.math.squaredDifference(scores, labels), tf.constant(0));
    }
    // The op for integer labels has no gradient in TensorFlow's C++.
    Operand<TFloat32> wanted =
        tf.oneHot(
            tf.dtypes.cast(labels, TInt32.class),
            tf.constant(model.requireHead().outputs()),
            tf.constant(1f),
            tf.constant(0f),
            new OneHot.Options[0]);
    // Of this op TensorFlow has no deterministic kernel for GPUs; of these few numbers the CPU's
    // costs nothing.
    DeviceSpec cpu =
        DeviceSpec.newBuilder().deviceType(DeviceSpec.DeviceType.CPU).deviceIndex(0).build();
    Operand<TFloat32> losses =
        tf.withDevice(cpu).nn.softmaxCrossEntropyWithLogits(logits, wanted).loss();
    return tf.withName("loss").math.mean(losses, tf.constant(0));
  }

  /** The rewritten model. */
  public ModelGraph model() {
    return model;
  }

  /** The graph; closed with this object. */
  public Graph graph() {
    return graph;
  }

  /** Where more operations are added. */
  public Ops tf() {
    return tf;
  }

  /** float32 scalar: the mean loss of the fed batch. */
  public Operand<TFloat32> loss() {
    return loss;
  }

  /** float32 [B, C]. */
  public Operand<TFloat32> logits() {
    return tensor(model.requireHead().logits(), TFloat32.class);
  }

  /** Placeholder, float32 [B]: class indices, or the values of regression. */
  public Operand<TFloat32> labels() {
    return labels;
  }

  /** Placeholder, float32 scalar: the rate of dropout. */
  public Operand<TFloat32> dropoutRate() {
    return tensor(AddDropout.RATE, TFloat32.class);
  }

  /** Placeholder, int32 [2]: the seed of dropout's masks. */
  public Operand<TInt32> dropoutSeed() {
    return tensor(AddDropout.SEED, TInt32.class);
  }

  /**
   * Placeholder of an input, int32 [B, T].
   *
   * @throws IllegalArgumentException if the model has no such input
   */
  public Operand<TInt32> input(InputRole role) {
    ModelInput input =
        model
            .input(role)
            .orElseThrow(() -> new IllegalArgumentException("the model has no input " + role));
    return tensor(input.tensor(), TInt32.class);
  }

  /** Whether the task is to predict a value. */
  public boolean isRegression() {
    return model.requireHead().outputs() == 1;
  }

  /** The variable itself, as Assign and the optimizer's operations take it. */
  public Output<TFloat32> variable(ModelVariable variable) {
    return tensor(variable.name(), TFloat32.class);
  }

  /** The value of a variable. */
  public Output<TFloat32> read(ModelVariable variable) {
    return tensor(variable.read(), TFloat32.class);
  }

  /** A tensor of the rewritten model. */
  public <T extends TType> Output<T> tensor(String name, Class<T> type) {
    GraphOperation operation = graph.operation(GraphEditor.producer(name));
    Objects.requireNonNull(operation, name);
    return operation.output(GraphEditor.index(name)).expect(type);
  }

  /**
   * Adds the gradients of the loss.
   *
   * @param scope the scope of the new nodes' names
   * @param variables whose gradients
   * @return float32 of the variables' shapes, in their order
   * @throws IllegalArgumentException if TensorFlow has no gradient of an operation on the way
   * @throws IllegalStateException if the loss has no gradient for one of them
   */
  public List<Output<TFloat32>> gradients(String scope, List<ModelVariable> variables) {
    Output<?>[] reads = variables.stream().map(this::read).toArray(Output<?>[]::new);
    Output<?>[] found;
    try {
      found = graph.addGradients(scope, new Output<?>[] {loss.asOutput()}, reads, null);
    } catch (RuntimeException e) { // TensorFlow's exceptions have no common type
      throw withoutGradient(e);
    }
    List<Output<TFloat32>> gradients = new ArrayList<>();
    for (int i = 0; i < found.length; i++) {
      if (found[i] == null) {
        throw new IllegalStateException(
            "the loss has no gradient for variable "
                + variables.get(i).name()
                + ": expected every variable of the graph to have an effect on the logits");
      }
      gradients.add(found[i].expect(TFloat32.class));
    }
    return gradients;
  }

  private RuntimeException withoutGradient(RuntimeException e) {
    Matcher operation = NO_GRADIENT.matcher(String.valueOf(e.getMessage()));
    if (!operation.find()) {
      return e;
    }
    List<String> nodes =
        model.graph().getNodeList().stream()
            .filter(node -> node.getOp().equals(operation.group(1)))
            .map(NodeDef::getName)
            .toList();
    return new IllegalArgumentException(
        "node "
            + (nodes.isEmpty() ? "" : nodes.get(0))
            + ": expected operations with a gradient between the loss and the weights, found "
            + operation.group(1)
            + ", which has none in TensorFlow Java; the model can be exported, not trained",
        e);
  }

  @Override
  public void close() {
    graph.close();
  }
}
