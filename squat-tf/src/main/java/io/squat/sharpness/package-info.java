/**
 * How flat a minimum is: a loss around a point ({@link io.squat.sharpness.Loss}), and what is
 * measured of it.
 *
 * <p>Read {@link io.squat.sharpness.Loss} first, then {@link io.squat.sharpness.ModelLoss}, which
 * is the loss of a trained model. The measures know nothing of models: {@link
 * io.squat.sharpness.EpsilonSharpness}, {@link io.squat.sharpness.AverageSharpness}, {@link
 * io.squat.sharpness.Spectrum}, {@link io.squat.sharpness.Landscape}. Their adaptive variants are
 * the same measures of a {@link io.squat.sharpness.ScaledLoss}.
 */
@NullMarked
package io.squat.sharpness;

import org.jspecify.annotations.NullMarked;
