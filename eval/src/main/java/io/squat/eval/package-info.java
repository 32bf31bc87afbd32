/**
 * Runs any SavedModel with a classifier or a score as its output, and measures quality, speed and
 * size.
 *
 * <p>Read {@link io.squat.eval.Classifier} first. The data flow:
 *
 * <pre>
 * SavedModel folder --{@link io.squat.eval.Classifier#open}--&gt; {@link io.squat.eval.Classifier} --batches of token ids--&gt; {@link io.squat.eval.Predictions} (float32 [B, C])
 *     --{@link io.squat.eval.Evaluation}--&gt; the task's metrics, milliseconds a sentence; two models: {@link io.squat.eval.Agreement}
 * </pre>
 *
 * <p>Nothing here knows how a model was trained, so what is scored is what is served: the folder's
 * files alone. Limits: one SavedModel in this process, not a server; class C of the model is class
 * C of the task, whatever names a foreign model gave its classes.
 */
@NullMarked
package io.squat.eval;

import org.jspecify.annotations.NullMarked;
