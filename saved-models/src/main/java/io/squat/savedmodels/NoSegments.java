package io.squat.savedmodels;

import java.util.Optional;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/**
 * Lets every token belong to the first text, for clients that send single texts.
 *
 * <p>Invariant: the outputs are those for segments of zeros; the model has no input for them
 * afterwards.
 */
final class NoSegments implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    Optional<ModelInput> segments = model.input(InputRole.SEGMENTS);
    if (segments.isEmpty()) {
      return model;
    }
    GraphEditor editor = model.edit();
    editor.put(
        NodeDef.newBuilder()
            .setName(segments.get().tensor())
            .setOp("ZerosLike")
            .addInput(model.input(InputRole.IDS).orElseThrow().tensor())
            .putAttr("T", Nodes.type(DataType.DT_INT32))
            .build());
    return new ModelGraph(
            model.graph(),
            model.variables(),
            model.inputs().stream().filter(input -> input.role() != InputRole.SEGMENTS).toList(),
            model.outputs(),
            model.pooledOutput(),
            model.head(),
            model.quantizers())
        .with(editor);
  }
}
