package io.squat.savedmodels;

import io.squat.ops.StatelessDropout;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Adds dropout where BERT has it: embedding output, attention probabilities, both block outputs,
 * and the input of the task head. What comes from a quantized table is dropped behind its quantizer
 * and perturbation, in front of the quantizers of layers.
 *
 * <p>Rate and seed are fed: {@link #RATE}, float32 scalar, and {@link #SEED}, int32 [2]. Invariant:
 * at rate 0 the outputs stay the same to the last bit; the same seed draws the same masks.
 */
final class AddDropout implements RewritePass {
  static final String RATE = "dropout/rate";
  static final String SEED = "dropout/seed";

  private final BertStructure structure;

  /**
   * Makes the pass.
   *
   * @param structure the structure of the model, before or after it was quantized
   */
  AddDropout(BertStructure structure) {
    this.structure = structure;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    List<String> sites = new ArrayList<>();
    GraphEditor editor = model.edit();
    sites.add(quantized(editor, model, structure.embeddingOutput()));
    sites.addAll(structure.attentionProbabilities());
    sites.addAll(structure.blockOutputs());
    editor.put(Nodes.placeholder(RATE, DataType.DT_FLOAT));
    editor.put(Nodes.placeholder(SEED, DataType.DT_INT32, 2));
    for (int i = 0; i < sites.size(); i++) {
      String site = sites.get(i);
      List<GraphEditor.Use> uses = editor.uses(site);
      String dropped = dropout(editor, site, i);
      uses.forEach(use -> editor.setInput(use, dropped));
    }
    TaskHead head = model.head();
    if (head != null) {
      headInput(editor, head, sites.size());
    }
    return model.with(editor);
  }

  /**
   * Rows of a table that are dropped as they are: behind the table's quantizer and perturbation.
   */
  private static String quantized(GraphEditor editor, ModelGraph model, String rows) {
    for (Quantizer quantizer : model.quantizers()) {
      for (Quantizer.Site site : quantizer.sites()) {
        if (quantizer.kind() == Quantizer.Kind.EMBEDDING && site.input().equals(rows)) {
          return AddPerturbations.output(editor, model, quantizer, site);
        }
      }
    }
    return rows;
  }

  /** The head alone: the pooled output is an output too. */
  private static void headInput(GraphEditor editor, TaskHead head, int index) {
    String read = head.weight() + "/read";
    for (GraphEditor.Use use : editor.uses(read)) {
      String dropped = dropout(editor, head.input(), index);
      editor.setInput(new GraphEditor.Use(use.node(), 0), dropped);
    }
  }

  private static String dropout(GraphEditor editor, String tensor, int index) {
    return Fragment.add(
            editor,
            GraphEditor.producer(tensor) + "/dropout",
            List.of(
                new Fragment.Input(tensor, DataType.DT_FLOAT, Shape.unknown()),
                new Fragment.Input(RATE, DataType.DT_FLOAT, Shape.scalar()),
                new Fragment.Input(SEED, DataType.DT_INT32, Shape.of(2))),
            (tf, in) -> {
              var site = tf.constant(new int[] {index, 0});
              return List.of(
                  StatelessDropout.dropout(
                      tf,
                      in.get(0).asOutput().expect(TFloat32.class),
                      in.get(1).asOutput().expect(TFloat32.class),
                      tf.math.add(in.get(2).asOutput().expect(TInt32.class), site)));
            })
        .get(0);
  }
}
