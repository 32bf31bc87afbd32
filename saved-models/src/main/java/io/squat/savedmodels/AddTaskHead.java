package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Puts a dense layer on the pooled output: to C classes, or to one value for regression.
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
    long hidden = TensorShapes.lastDimension(model, model.pooledOutput());
    ModelVariable weight = variable(editor, "kernel", List.of(hidden, (long) classes));
    ModelVariable bias = variable(editor, "bias", List.of((long) classes));
    String logits =
        Fragment.add(
                editor,
                SCOPE + "dense",
                List.of(
                    new Fragment.Input<>(
                        model.pooledOutput(), TFloat32.class, Shape.of(-1, hidden)),
                    new Fragment.Input<>(weight.read(), TFloat32.class, Shape.of(hidden, classes)),
                    new Fragment.Input<>(bias.read(), TFloat32.class, Shape.of(classes))),
                (tf, in) ->
                    List.of(
                        tf.nn.biasAdd(
                            tf.linalg.matMul(
                                in.get(0).asOutput().expect(TFloat32.class),
                                in.get(1).asOutput().expect(TFloat32.class)),
                            in.get(2).asOutput().expect(TFloat32.class))))
            .get(0);
    String output = editor.freshName("outputs/" + LOGITS);
    editor.put(Nodes.identity(output, logits, DataType.DT_FLOAT));
    List<ModelVariable> variables = new ArrayList<>();
    for (ModelVariable variable : model.variables()) {
      if (editor.dependsOn(logits, Set.of(variable.name()))) {
        variables.add(variable);
      }
    }
    variables.add(weight);
    variables.add(bias);
    Map<String, String> outputs = new LinkedHashMap<>();
    outputs.put(LOGITS, output);
    TaskHead head = new TaskHead(model.pooledOutput(), weight.name(), bias.name(), output, classes);
    return new ModelGraph(
            model.graph(),
            variables,
            model.inputs(),
            outputs,
            model.pooledOutput(),
            head,
            model.quantizers())
        .with(editor, variables);
  }

  private static ModelVariable variable(GraphEditor editor, String name, List<Long> shape) {
    String fresh = editor.freshName(SCOPE + name);
    ModelVariable variable = new ModelVariable(fresh, null, shape, VariableGroup.WEIGHTS);
    editor.put(Nodes.variable(fresh, DataType.DT_FLOAT, shape));
    editor.put(Nodes.identity(variable.read(), fresh, DataType.DT_FLOAT));
    return variable;
  }
}
