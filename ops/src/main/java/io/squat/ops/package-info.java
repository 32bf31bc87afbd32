/**
 * Graph operations of quantization- and sharpness-aware training, and of integer inference.
 *
 * <p>Read {@link io.squat.ops.LsqQuantizer} first. The data flow:
 *
 * <pre>
 * training   weights, activations --&gt; LsqQuantizer --&gt; product --&gt; StatelessDropout --&gt; loss
 *            steps to start from: StepSizes (weights), ActivationCalibration (activations)
 *            gradients --&gt; Sam --&gt; perturbation of the quantized weights, clipped gradients
 * serving    integers --&gt; BitPacking --&gt; IntegerLinear
 * </pre>
 *
 * <p>{@link io.squat.ops.QuantizationGrid} says which integers a tensor may hold, {@link
 * io.squat.ops.BitWidths} how wide each kind of tensor is.
 *
 * <p>Operations are static methods of the form {@code (Ops tf, Operand<TFloat32> x, ...)} without
 * state, but for the one gradient that {@code LsqQuantizer} registers for the JVM. Limits: one step
 * size a tensor or, of kernels, a column ({@link io.squat.ops.Granularity}); no gradients on
 * Windows; {@link io.squat.ops.IntegerLinear} needs a TensorFlow built with oneDNN; packed words
 * are in the byte order of little-endian machines.
 */
@NullMarked
package io.squat.ops;

import org.jspecify.annotations.NullMarked;
