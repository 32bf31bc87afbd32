package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The rewriting passes in their order. */
public final class Rewriting {

  private Rewriting() {}

  /**
   * Makes a graph that was read canonical.
   *
   * @param model the graph of a signature
   * @param keys the keys of the checkpoint by variable, for those that are not their names
   */
  static ModelGraph canonical(ModelGraph model, Map<String, String> keys) {
    return apply(model, canonicalPasses(keys));
  }

  static List<RewritePass> canonicalPasses(Map<String, String> keys) {
    return List.of(
        new PlainIdentities(),
        new CanonicalVariables(keys),
        new CanonicalInputs(),
        new FoldConstants(),
        new CanonicalEinsum(),
        new CanonicalLinear());
  }

  /**
   * Puts a task head on a canonical model.
   *
   * @param model the encoder
   * @param outputs C: the number of classes, or 1 for regression
   * @return the model with the one output {@code logits}, float32 [B, C]
   */
  public static ModelGraph withHead(ModelGraph model, int outputs) {
    return apply(model, List.of(new AddTaskHead(outputs)));
  }

  /**
   * Adds quantizers, perturbations if wanted, products of integers, and dropout. The structure is
   * found once, in front of them all: its patterns are those of a model that nothing was added to.
   */
  static ModelGraph forTraining(ModelGraph model, Quantization quantization, boolean perturbed) {
    return apply(model, trainingPasses(BertStructure.of(model), quantization, perturbed));
  }

  static List<RewritePass> trainingPasses(
      BertStructure structure, Quantization quantization, boolean perturbed) {
    List<RewritePass> passes = new ArrayList<>();
    passes.add(new AddQuantizers(quantization, structure));
    if (perturbed) {
      passes.add(new AddPerturbations());
    }
    passes.add(new IntegerProducts(structure));
    passes.add(OrderedCubes.forTraining());
    passes.add(new AddDropout(structure));
    return passes;
  }

  /** The quantizers that a quantization puts into a canonical model. */
  public static List<Quantizer> quantizers(ModelGraph model, Quantization quantization) {
    return new AddQuantizers(quantization, BertStructure.of(model)).apply(model).quantizers();
  }

  static ModelGraph apply(ModelGraph model, List<RewritePass> passes) {
    ModelGraph rewritten = model;
    for (RewritePass pass : passes) {
      rewritten = pass.apply(rewritten);
    }
    return rewritten;
  }
}
