/**
 * Training: from a model and rows to a finished run, and from that to a model to serve.
 *
 * <pre>
 * Trainer -&gt; a Stage for float, one for the quantized model -&gt; TrainingSession (a graph with Phases
 *         that move weights and step sizes) -&gt; RunFolder -&gt; RunExport -&gt; a SavedModel
 * </pre>
 *
 * <p>Read {@link io.squat.train.Trainer} first, then {@link io.squat.train.RunFolder}, which says
 * what a run leaves. {@link io.squat.train.RunSettings} is everything that decides a run's numbers;
 * batches, rates and dropout masks are functions of it and of the step's number, so that a run goes
 * on from any checkpoint to the same numbers. {@link io.squat.train.Phases} is the method: what
 * moves when ({@link io.squat.train.Method}, {@link io.squat.train.Alternation}). {@link
 * io.squat.train.EncoderExport} quantizes an encoder without training. How graphs are rewritten is
 * the work of the module saved-models.
 */
@NullMarked
package io.squat.train;

import org.jspecify.annotations.NullMarked;
