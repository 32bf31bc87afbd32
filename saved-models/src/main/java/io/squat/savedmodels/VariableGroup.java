package io.squat.savedmodels;

/**
 * The groups that gradients are asked for and updates are made for, never all variables at once.
 */
public enum VariableGroup {
  /**
   * Everything that is trained but the step sizes: kernels, tables, biases, layer norms, the head.
   */
  WEIGHTS,
  /** The learned step sizes of the quantizers. */
  STEP_SIZES,
  /** The perturbations e of sharpness-aware minimization, zero outside of a sharpness phase. */
  PERTURBATIONS
}
