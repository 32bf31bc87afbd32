package io.squat.savedmodels;

import io.squat.ops.IntegerStorage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.types.TFloat32;

/**
 * The values of a model's variables and of its learned step sizes.
 *
 * <p>Only the values that are asked for are read, one variable at a time, so that a large model is
 * not in memory twice.
 */
@FunctionalInterface
public interface ModelValues {

  /**
   * The values of a variable.
   *
   * @param variable the variable's name, or that of a step size
   * @return float32 in row-major order; a step size is one value, or of a kernel one a column
   * @throws IllegalArgumentException if there are none, or they cannot be read
   */
  float[] values(String variable);

  /**
   * The values in a checkpoint that was written under the variables' names.
   *
   * @param checkpoint the checkpoint's prefix
   */
  static ModelValues ofCheckpoint(Path checkpoint) {
    return variable -> {
      try (CheckpointOps.Values values = CheckpointOps.read(checkpoint, List.of(variable))) {
        return Constants.values(values.get(variable));
      }
    };
  }

  /**
   * The values in a checkpoint that holds a model's variables in one way or another.
   *
   * @param checkpoint the checkpoint's prefix
   * @param stored what each variable is in the checkpoint
   * @param model the model
   */
  static ModelValues ofCheckpoint(
      Path checkpoint, Function<ModelVariable, @Nullable StoredTensor> stored, ModelGraph model) {
    return variable -> {
      StoredTensor tensor = stored.apply(model.variable(variable));
      if (tensor == null) {
        throw new IllegalArgumentException(
            checkpoint
                + ": expected the values of variable "
                + variable
                + ", found none: it was added");
      }
      try (CheckpointOps.Values values = CheckpointOps.read(checkpoint, List.of(tensor.key()))) {
        TFloat32 found = values.get(tensor.key());
        tensor.check(found.shape());
        return Constants.values(found);
      }
    };
  }

  /**
   * The values in a SavedModel's own checkpoint.
   *
   * @param folder the SavedModel folder
   * @param model the graph that was read from it
   */
  static ModelValues ofSavedModel(Path folder, ModelGraph model) {
    return ofCheckpoint(SavedModelFiles.checkpoint(folder), ModelVariable::stored, model);
  }

  /**
   * The same values, but kernels and tables as the quantizers of training make them: the grid's
   * integers times the learned step size.
   *
   * @param model a canonical model
   * @param quantization what of it is quantized
   * @param values of its variables and step sizes
   */
  static ModelValues onGrid(ModelGraph model, Quantization quantization, ModelValues values) {
    Map<String, Quantizer> quantizers = new HashMap<>();
    for (Quantizer quantizer : Rewriting.quantizers(model, quantization)) {
      if (quantizer.kind() != Quantizer.Kind.ACTIVATION) {
        quantizers.put(quantizer.source(), quantizer);
      }
    }
    Constants constants = new Constants(values, IntegerStorage.BYTES);
    return variable -> {
      Quantizer quantizer = quantizers.get(variable);
      return quantizer == null
          ? values.values(variable)
          : constants
              .weights(
                  model.variable(variable),
                  quantizer.grid(),
                  quantization.granularity(quantizer.kind()))
              .values();
    };
  }
}
