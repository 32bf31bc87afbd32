package io.squat.savedmodels;

import org.jspecify.annotations.Nullable;

/**
 * A product of activations with a trained kernel, plus bias: {@code output = input * weight +
 * bias}.
 *
 * @param product the MatMul node
 * @param input float32 [R, in], the activations
 * @param weight the kernel's variable, float32 [in, out]
 * @param bias the bias's variable, float32 [out]; null if there is none
 * @param output float32 [R, out], after the bias
 */
public record LinearLayer(
    String product, String input, String weight, @Nullable String bias, String output) {}
