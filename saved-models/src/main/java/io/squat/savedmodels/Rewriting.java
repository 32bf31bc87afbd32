package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.List;

/** The rewriting passes in their order. */
public final class Rewriting {
  /** Makes a graph that was read canonical. */
  static final List<RewritePass> CANONICAL =
      List.of(
          new PlainIdentities(),
          new CanonicalVariables(),
          new CanonicalInputs(),
          new CanonicalLinear());

  private Rewriting() {}

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

  /** Adds dropout, quantizers, and perturbations if wanted. */
  static ModelGraph forTraining(ModelGraph model, Quantization quantization, boolean perturbed) {
    List<RewritePass> passes = new ArrayList<>();
    passes.add(new AddDropout());
    passes.add(new AddQuantizers(quantization));
    if (perturbed) {
      passes.add(new AddPerturbations());
    }
    return apply(model, passes);
  }

  static ModelGraph apply(ModelGraph model, List<RewritePass> passes) {
    ModelGraph rewritten = model;
    for (RewritePass pass : passes) {
      rewritten = pass.apply(rewritten);
    }
    return rewritten;
  }
}
