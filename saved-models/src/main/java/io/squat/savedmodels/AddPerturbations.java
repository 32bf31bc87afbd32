package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/**
 * Adds to every quantized weight tensor a perturbation e, a variable of the weight's shape: layers
 * then compute with Q(w) + e.
 *
 * <p>Invariant: with e = 0 the outputs stay the same to the last bit, and the gradient for e is the
 * gradient for Q(w). It is added behind the quantizer: in front of it, a perturbation under half a
 * step would be swallowed by the rounding. A table's perturbation is looked up as the table is.
 */
final class AddPerturbations implements RewritePass {

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    List<ModelVariable> variables = new ArrayList<>(model.variables());
    for (Quantizer quantizer : model.quantizers()) {
      if (quantizer.kind() != Quantizer.Kind.ACTIVATION) {
        variables.add(perturb(editor, model, quantizer));
      }
    }
    return model.with(editor, variables);
  }

  /** The name of the perturbation of a variable. */
  static String name(String source) {
    return source + "/perturbation";
  }

  /** The perturbation that a quantizer's result has; empty if it has none. */
  static Optional<ModelVariable> of(ModelGraph model, Quantizer quantizer) {
    String name = name(quantizer.source());
    return model.variables(VariableGroup.PERTURBATIONS).stream()
        .filter(variable -> variable.name().equals(name))
        .findFirst();
  }

  /** What is read behind a quantizer of rows: its result, plus the perturbation if it has one. */
  static String output(
      GraphEditor editor, ModelGraph model, Quantizer quantizer, Quantizer.Site site) {
    return of(model, quantizer)
        .flatMap(perturbation -> editor.onlyConsumer(site.output()))
        .map(NodeDef::getName)
        .orElse(site.output());
  }

  private static ModelVariable perturb(GraphEditor editor, ModelGraph model, Quantizer quantizer) {
    ModelVariable weight = model.variable(quantizer.source());
    ModelVariable perturbation =
        new ModelVariable(name(weight.name()), null, weight.shape(), VariableGroup.PERTURBATIONS);
    editor.put(Nodes.variable(perturbation.name(), DataType.DT_FLOAT, weight.shape()));
    editor.put(Nodes.identity(perturbation.read(), perturbation.name(), DataType.DT_FLOAT));
    for (Quantizer.Site site : quantizer.sites()) {
      List<GraphEditor.Use> uses = editor.uses(site.output());
      String sum =
          Fragment.add(
                  editor,
                  GraphEditor.producer(site.input()) + "/perturb",
                  List.of(
                      new Fragment.Input(site.output(), DataType.DT_FLOAT, Shape.unknown()),
                      new Fragment.Input(
                          looked(editor, site, weight, perturbation),
                          DataType.DT_FLOAT,
                          Shape.unknown())),
                  (tf, in) ->
                      List.of(
                          tf.math.add(
                              in.get(0).asOutput().expect(TFloat32.class),
                              in.get(1).asOutput().expect(TFloat32.class))))
              .get(0);
      uses.forEach(use -> editor.setInput(use, sum));
    }
    return perturbation;
  }

  /** The perturbation as a site sees it: itself for a kernel, looked up for a table. */
  private static String looked(
      GraphEditor editor, Quantizer.Site site, ModelVariable weight, ModelVariable perturbation) {
    if (site.input().equals(weight.read())) {
      return perturbation.read();
    }
    NodeDef lookup = editor.node(site.input());
    String name = editor.freshName(lookup.getName() + "/perturbation");
    NodeDef.Builder same = lookup.toBuilder().setName(name).clearInput();
    for (int i = 0; i < lookup.getInputCount(); i++) {
      String input = GraphEditor.input(lookup, i);
      same.addInput(input.equals(weight.read()) ? perturbation.read() : input);
    }
    editor.put(same.build());
    return name;
  }
}
