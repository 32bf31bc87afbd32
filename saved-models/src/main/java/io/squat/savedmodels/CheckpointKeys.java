package io.squat.savedmodels;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/**
 * Which key of its checkpoint a SavedModel restores each variable from, read from the SavedModel's
 * own restore op: so a variable is found whatever its name, in checkpoints by name as in those by
 * object graph.
 */
final class CheckpointKeys {
  private static final Set<String> ASSIGNMENTS = Set.of("Assign", "AssignVariableOp");

  private CheckpointKeys() {}

  /**
   * The keys by the name of the variable's node.
   *
   * @return empty if the graph has no restore op, as TF1 Hub modules have none: there the names are
   *     the keys
   * @throws IllegalArgumentException if a variable is restored from a part of a tensor
   */
  static Map<String, String> of(MetaGraphDef graph) {
    String restore = graph.getSaverDef().getRestoreOpName();
    Map<String, String> keys = new HashMap<>();
    if (restore.isEmpty()) {
      return keys;
    }
    FunctionInliner.Flat flat =
        FunctionInliner.inline(graph.getGraphDef(), List.of(restore), ASSIGNMENTS);
    GraphEditor editor = new GraphEditor(flat.graph());
    for (String assignment : flat.effects()) {
      NodeDef node = editor.node(assignment);
      String value = GraphEditor.input(node, 1);
      while (editor.node(value).getOp().equals("Identity")) {
        value = GraphEditor.input(editor.node(value), 0);
      }
      NodeDef source = editor.node(value);
      if (source.getOp().equals("RestoreV2")) {
        int index = GraphEditor.index(value);
        String variable = GraphEditor.producer(GraphEditor.input(node, 0));
        if (!string(editor, source, 2, index).isEmpty()) {
          throw new IllegalArgumentException(
              "variable " + variable + ": expected a whole tensor of the checkpoint, found a part");
        }
        keys.put(variable, string(editor, source, 1, index));
      }
    }
    return keys;
  }

  /**
   * An entry of a constant vector of strings; the last one stands for all after it, none for "".
   */
  private static String string(GraphEditor editor, NodeDef restore, int input, int index) {
    TensorProto strings = editor.node(restore.getInput(input)).getAttrOrThrow("value").getTensor();
    if (strings.getStringValCount() == 0) {
      return "";
    }
    return strings.getStringVal(Math.min(index, strings.getStringValCount() - 1)).toStringUtf8();
  }
}
