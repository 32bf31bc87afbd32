package io.squat.savedmodels;

/**
 * A step of rewriting: a pure function from one graph to another, whose invariant its javadoc
 * states.
 *
 * <p>No session is open while passes run.
 */
@FunctionalInterface
interface RewritePass {

  /**
   * Rewrites a graph.
   *
   * @throws IllegalArgumentException if the graph is not one that the pass can work on
   */
  ModelGraph apply(ModelGraph model);
}
