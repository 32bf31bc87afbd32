package io.squat.train;

import io.squat.savedmodels.Compute;
import io.squat.savedmodels.Export;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.ServingModel;
import java.util.Arrays;
import java.util.Locale;

/** How the weights of an exported model are stored. */
public enum ServingFormat {
  /** In the bits that they were trained with. */
  PACKED {
    @Override
    public ServingModel export(
        ModelGraph model, Quantization quantization, ModelValues values, Compute compute) {
      return Export.toPacked(model, quantization, values, compute);
    }
  },
  /** As bytes, one an integer. */
  INT8 {
    @Override
    public ServingModel export(
        ModelGraph model, Quantization quantization, ModelValues values, Compute compute) {
      return Export.toInt8(model, quantization, values, compute);
    }
  },
  /** As float32. */
  FLOAT {
    @Override
    public ServingModel export(
        ModelGraph model, Quantization quantization, ModelValues values, Compute compute) {
      return Export.toFloat(model, quantization, values);
    }

    @Override
    void check(Quantization quantization, Compute compute) {
      // any bits
    }
  };

  /**
   * Makes what is served of a model.
   *
   * @param model a canonical graph
   * @param quantization what is quantized
   * @param values weights and step sizes
   * @param compute what the layers multiply where weights are stored as integers
   * @throws IllegalArgumentException if the format does not allow the bits
   */
  public abstract ServingModel export(
      ModelGraph model, Quantization quantization, ModelValues values, Compute compute);

  /**
   * Refuses bits that the format does not allow, before any work is done.
   *
   * @throws IllegalArgumentException if it does not
   */
  void check(Quantization quantization, Compute compute) {
    Export.requireIntegers(label(), quantization, compute);
  }

  /**
   * The format of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static ServingFormat of(String label) {
    return Arrays.stream(values())
        .filter(format -> format.label().equals(label.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "format: expected packed, int8 or float, found " + label));
  }

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
