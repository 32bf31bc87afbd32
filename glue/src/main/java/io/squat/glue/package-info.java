/**
 * Data for BERT, GLUE's and the user's own: tasks, files, tokens, batches and metrics, in plain
 * Java.
 *
 * <p>Read {@link io.squat.glue.Task} first. The data flow:
 *
 * <pre>
 * train.tsv.gz --{@link io.squat.glue.GlueReader} or {@link io.squat.glue.TableFile}--&gt; {@link io.squat.glue.Examples} --{@link io.squat.glue.WordPiece}--&gt; {@link io.squat.glue.EncodedExamples}
 *     --{@link io.squat.glue.Batches}--&gt; {@link io.squat.glue.Batch} (int32 [B, T] ids, mask, segments; labels) --model--&gt; predictions --{@link io.squat.glue.Metric}--&gt; value, or --{@link io.squat.glue.Submission}--&gt; zip
 * </pre>
 *
 * <p>Limits: a split is read into memory whole (GLUE's largest, MNLI's training rows, takes some
 * hundred MB); WordPiece only, no other tokenizer. Nothing here knows TensorFlow: a batch's arrays
 * are plain row-major {@code int[]}.
 */
@NullMarked
package io.squat.glue;

import org.jspecify.annotations.NullMarked;
