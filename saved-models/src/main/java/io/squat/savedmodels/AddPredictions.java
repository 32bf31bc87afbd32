package io.squat.savedmodels;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Makes the outputs that a served model answers with from those of its head.
 *
 * <pre>
 * classes:     logits         float32 [B, C]
 *              probabilities  float32 [B, C]   softmax(logits)
 *              label          int32   [B]      the class of the largest logit
 * regression:  score          float32 [B]
 * </pre>
 *
 * <p>Invariant: these are the model's only outputs afterwards.
 */
final class AddPredictions implements RewritePass {
  static final String PROBABILITIES = "probabilities";
  static final String LABEL = "label";
  static final String SCORE = "score";

  @Override
  public ModelGraph apply(ModelGraph model) {
    TaskHead head = model.requireHead();
    GraphEditor editor = model.edit();
    Map<String, String> outputs = new LinkedHashMap<>();
    if (head.outputs() == 1) {
      String score = add(editor, head, SCORE, (tf, x) -> tf.reshape(x, tf.array(-1)));
      outputs.put(SCORE, output(editor, SCORE, score, DataType.DT_FLOAT));
    } else {
      String probabilities = add(editor, head, PROBABILITIES, (tf, x) -> tf.nn.softmax(x));
      String label =
          add(editor, head, LABEL, (tf, x) -> tf.math.argMax(x, tf.constant(1), TInt32.class));
      outputs.put(AddTaskHead.LOGITS, head.logits());
      outputs.put(PROBABILITIES, output(editor, PROBABILITIES, probabilities, DataType.DT_FLOAT));
      outputs.put(LABEL, output(editor, LABEL, label, DataType.DT_INT32));
    }
    return new ModelGraph(
            model.graph(),
            model.variables(),
            model.inputs(),
            outputs,
            model.pooledOutput(),
            head,
            model.quantizers())
        .with(editor);
  }

  private interface Answer {
    Operand<?> of(Ops tf, Operand<TFloat32> logits);
  }

  private static String add(GraphEditor editor, TaskHead head, String scope, Answer answer) {
    return Fragment.add(
            editor,
            "predictions/" + scope,
            List.of(
                new Fragment.Input(head.logits(), DataType.DT_FLOAT, Shape.of(-1, head.outputs()))),
            (tf, in) -> List.of(answer.of(tf, in.get(0).asOutput().expect(TFloat32.class))))
        .get(0);
  }

  private static String output(GraphEditor editor, String key, String tensor, DataType type) {
    String name = editor.freshName("outputs/" + key);
    editor.put(Nodes.identity(name, tensor, type));
    return name;
  }
}
