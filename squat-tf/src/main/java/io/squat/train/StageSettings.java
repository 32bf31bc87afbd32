package io.squat.train;

/**
 * One stage of a run: in float, or with quantizers.
 *
 * @param name its folder and the name in logs
 * @param index 0 for the float stage, 1 for the quantized one
 * @param method how it trains
 * @param epochs passes over the rows
 * @param firstEpoch the number of its first epoch in the run, so that no order of rows comes twice
 */
record StageSettings(String name, int index, Method method, int epochs, int firstEpoch) {
  static final String FLOAT = "float";
  static final String QUANTIZED = "quantized";
}
