package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Gives a model a dense layer to C classes, or to one value for regression: the one that it was
 * saved with, if that has C outputs; else a new one, on what that reads or on the pooled output.
 *
 * <p>Invariant: what the graph computed before stays the same; the output {@code logits}, float32
 * [B, C], is the only one afterwards, and every variable that is left has an effect on it.
 */
final class AddTaskHead implements RewritePass {
  static final String LOGITS = "logits";
  private static final String SCOPE = "task_head/";

  private final int classes;

  AddTaskHead(int classes) {
    if (classes < 1) {
      throw new IllegalArgumentException("task head: expected at least 1 output, found " + classes);
    }
    this.classes = classes;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    Optional<LinearLayer> own = OwnHead.of(model);
    Optional<LinearLayer> kept =
        own.filter(layer -> model.variable(layer.weight()).shape().get(1) == classes);
    String input = own.map(LinearLayer::input).orElse(model.pooledOutput());
    List<ModelVariable> variables = new ArrayList<>(model.variables());
    LinearLayer head = kept.orElseGet(() -> dense(model, editor, input, variables));
    String output = editor.freshName("outputs/" + LOGITS);
    editor.put(Nodes.identity(output, head.output(), DataType.DT_FLOAT));
    variables.removeIf(variable -> !editor.dependsOn(output, Set.of(variable.name())));
    TaskHead added =
        new TaskHead(
            head.input(), head.weight(), Objects.requireNonNull(head.bias()), output, classes);
    return new ModelGraph(
            model.graph(),
            variables,
            model.inputs(),
            Map.of(LOGITS, output),
            head.input(),
            added,
            model.quantizers())
        .with(editor, variables);
  }

  private LinearLayer dense(
      ModelGraph model, GraphEditor editor, String input, List<ModelVariable> variables) {
    long hidden = TensorShapes.lastDimension(model, input);
    ModelVariable weight = variable(editor, "kernel", List.of(hidden, (long) classes));
    ModelVariable bias = variable(editor, "bias", List.of((long) classes));
    String logits =
        Fragment.add(
                editor,
                SCOPE + "dense",
                List.of(
                    new Fragment.Input(input, DataType.DT_FLOAT, Shape.of(-1, hidden)),
                    new Fragment.Input(weight.read(), DataType.DT_FLOAT, Shape.of(hidden, classes)),
                    new Fragment.Input(bias.read(), DataType.DT_FLOAT, Shape.of(classes))),
                (tf, in) ->
                    List.of(
                        tf.nn.biasAdd(
                            tf.linalg.matMul(
                                in.get(0).asOutput().expect(TFloat32.class),
                                in.get(1).asOutput().expect(TFloat32.class)),
                            in.get(2).asOutput().expect(TFloat32.class))))
            .get(0);
    variables.add(weight);
    variables.add(bias);
    String product = GraphEditor.input(editor.node(logits), 0);
    return new LinearLayer(product, input, weight.name(), bias.name(), logits);
  }

  private static ModelVariable variable(GraphEditor editor, String name, List<Long> shape) {
    String fresh = editor.freshName(SCOPE + name);
    ModelVariable variable = new ModelVariable(fresh, null, shape, VariableGroup.WEIGHTS);
    editor.put(Nodes.variable(fresh, DataType.DT_FLOAT, shape));
    editor.put(Nodes.identity(variable.read(), fresh, DataType.DT_FLOAT));
    return variable;
  }
}
