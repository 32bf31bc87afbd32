package io.squat.train;

import com.google.common.primitives.Floats;
import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import io.squat.ops.StepSizes;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelValues;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.OutlierFeatures;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Quantizer;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.ServingModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.ConfigProto;

/**
 * A model as it was read, with its own signature: float, or quantized without training.
 *
 * <p>All step sizes are those of least mean squared error, of weights too: nothing is trained that
 * could move them, and outlier features are not quantized ({@link OutlierFeatures}).
 */
public final class EncoderExport {
  /** How many texts are used of those that are given. */
  public static final int CALIBRATION_TEXTS = 512;

  private static final int CALIBRATION_ROWS = 8;

  private final Path folder;
  private final ModelGraph model;

  /**
   * Reads the model's graph.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param choice which of its graphs and signatures
   * @throws IllegalArgumentException as {@link SavedModelReader#read}
   */
  public EncoderExport(Path folder, SavedModelReader.Choice choice) {
    this.folder = folder;
    this.model = SavedModelReader.read(folder, choice);
  }

  /** The model in float, rewritten but not quantized. */
  public ServingModel toFloat() {
    return ServingForm.FLOAT.export(
        model, Quantization.NONE, ModelValues.ofSavedModel(folder, model));
  }

  /**
   * The model quantized.
   *
   * @param quantization what is quantized
   * @param form what is made
   * @param texts what activations are calibrated with; null where they stay float
   * @param device where the model runs for that
   * @param threads how many threads an operation may use; 0 takes all cores
   * @param progress is told how far it is
   * @throws IllegalArgumentException if the format does not allow the bits
   */
  public ServingModel quantized(
      Quantization quantization,
      ServingForm form,
      @Nullable EncodedExamples texts,
      Device device,
      int threads,
      Progress progress) {
    List<Batch> batches = texts == null ? List.of() : Batches.sequential(texts, CALIBRATION_ROWS);
    ConfigProto config = device.config(threads);
    boolean products =
        quantization.grid(Quantizer.Kind.WEIGHT).isPresent()
            && quantization.grid(Quantizer.Kind.ACTIVATION).isPresent();
    OutlierFeatures outliers =
        products
            ? OutlierFeatures.of(
                model, calibration(OutlierFeatures.NONE, config).largest(batches, progress))
            : OutlierFeatures.NONE;
    Map<String, List<Float>> steps =
        calibration(outliers, config).stepSizes(quantization, batches, progress);
    ModelValues saved = ModelValues.ofSavedModel(folder, model);
    ModelValues rest = outliers.rest(model, saved);
    return form.export(
        outliers.apply(model, saved),
        quantization,
        variable -> {
          List<Float> step = steps.get(variable);
          return step != null ? Floats.toArray(step) : rest.values(variable);
        });
  }

  private Calibration calibration(OutlierFeatures outliers, ConfigProto config) {
    return new Calibration(
        model,
        SavedModelFiles.checkpoint(folder),
        ModelVariable::stored,
        StepSizes::leastSquaresError,
        outliers,
        config);
  }
}
