/**
 * Runs any SavedModel with a classifier or a score as its output, for programs that serve and to
 * measure quality, speed and size.
 *
 * <p>Read {@link io.squat.eval.TextClassifier} first to serve, {@link io.squat.eval.Classifier} to
 * measure. The data flow:
 *
 * <pre>
 * SavedModel folder --{@link io.squat.eval.Classifier#open}--&gt; {@link io.squat.eval.Classifier} --batches of token ids--&gt; {@link io.squat.eval.Predictions} (float32 [B, C])
 *     --{@link io.squat.eval.Evaluation}--&gt; the task's metrics, milliseconds a sentence
 * two SavedModels --{@link io.squat.eval.ModelOutputs}--&gt; {@link io.squat.eval.OutputComparison}: cosines of their outputs, equal classes
 * text --{@link io.squat.eval.TextClassifier}--&gt; token ids --{@link io.squat.eval.Predictor}: a {@link io.squat.eval.Classifier} here, or a {@link io.squat.eval.RestClassifier} on TensorFlow Serving--&gt;
 *     {@link io.squat.eval.Predictions} --&gt; {@link io.squat.eval.Prediction}: label, probabilities or score
 * </pre>
 *
 * <p>Nothing here knows how a model was trained, so what is scored is what is served: the folder's
 * files alone. Limits: a server is asked for predictions, never measured; class C of the model is
 * class C of the task, whatever names a foreign model gave its classes.
 */
@NullMarked
package io.squat.eval;

import org.jspecify.annotations.NullMarked;
