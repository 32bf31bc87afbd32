/**
 * Reads BERTs from SavedModels, rewrites their graphs, and writes SavedModels.
 *
 * <p>Read {@link io.squat.savedmodels.Rewriting} first. The data flow:
 *
 * <pre>
 * SavedModel folder --{@link io.squat.savedmodels.SavedModelReader}--&gt; {@link io.squat.savedmodels.ModelGraph}: canonical, its parts found by {@link io.squat.savedmodels.BertStructure}
 *     --{@link io.squat.savedmodels.RewritePass passes}--&gt; with a task head, quantizers, perturbations, dropout
 *     --{@link io.squat.savedmodels.TrainingGraph}--&gt; loss and groups of variables, for a session
 * ModelGraph and {@link io.squat.savedmodels.ModelValues} --{@link io.squat.savedmodels.Export}--&gt; {@link io.squat.savedmodels.ServingModel} --{@link io.squat.savedmodels.SavedModelWriter}--&gt; SavedModel folder
 * quantized SavedModel --{@link io.squat.savedmodels.FrozenModel}--&gt; the same with variables, and the step sizes that it has
 * </pre>
 *
 * <p>A pass is a pure function with its invariant in the javadoc; nothing here trains. Who makes a
 * {@link io.squat.savedmodels.TrainingGraph} or opens a session closes it. Limits: graphs of an
 * encoder without control flow; integer products need a TensorFlow built with oneDNN; of a model
 * that was not written here, only operations that compute are run ({@link
 * io.squat.savedmodels.AllowedOps}).
 */
@NullMarked
package io.squat.savedmodels;

import org.jspecify.annotations.NullMarked;
