package io.squat.savedmodels;

/**
 * The layer on top of the encoder that gives a task's answer.
 *
 * @param input float32 [B, H], the pooled output
 * @param weight the kernel's variable, float32 [H, C]
 * @param bias the bias's variable, float32 [C]
 * @param logits float32 [B, C]: C classes, or C = 1 and the value itself for regression
 * @param outputs C
 */
public record TaskHead(String input, String weight, String bias, String logits, int outputs) {}
