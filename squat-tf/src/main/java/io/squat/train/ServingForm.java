package io.squat.train;

import io.squat.savedmodels.Compute;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.ServingModel;

/**
 * What an exported model is made of.
 *
 * @param format how weights are stored
 * @param compute what the layers multiply where weights are stored as integers
 */
public record ServingForm(ServingFormat format, Compute compute) {
  /** Float32, for any runtime. */
  public static final ServingForm FLOAT = new ServingForm(ServingFormat.FLOAT, Compute.FLOAT);

  /** Packed, with integer products. */
  public static final ServingForm PACKED = new ServingForm(ServingFormat.PACKED, Compute.INTEGER);

  /**
   * Refuses bits that the format does not allow.
   *
   * @throws IllegalArgumentException if it does not
   */
  public void check(Quantization quantization) {
    format.check(quantization, compute);
  }

  ServingModel export(ModelGraph model, Quantization quantization, ModelValues values) {
    return format.export(model, quantization, values, compute);
  }
}
