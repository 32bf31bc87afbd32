package io.squat.train;

/**
 * A quantizer at one step of training.
 *
 * @param kind {@code weight}, {@code embedding} or {@code activation}
 * @param stepSize the step size; with a step for each channel their mean
 * @param smallest the smallest of the steps
 * @param largest the largest of them
 * @param clipped the share of the values that lie outside the grid, which the quantizer clips and
 *     passes no gradient to; of an activation on a few dev rows that stay the same, padding left
 *     out
 */
public record QuantizerState(
    String kind, double stepSize, double smallest, double largest, double clipped) {}
