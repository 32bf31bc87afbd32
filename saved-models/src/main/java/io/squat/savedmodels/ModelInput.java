package io.squat.savedmodels;

/**
 * An input of a {@link ModelGraph}: an int32 placeholder [B, T].
 *
 * @param key the name in the signature that was read
 * @param tensor the placeholder
 * @param role what it means
 * @param wide whether the signature that was read has int64 in place of int32
 */
public record ModelInput(String key, String tensor, InputRole role, boolean wide) {}
