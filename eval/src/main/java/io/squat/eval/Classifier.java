package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * A SavedModel, ours or anybody's, that gives one number a class or a score for rows of token ids.
 *
 * <p>Its signature has the inputs ids and mask, and maybe segments, int32 or int64 [B, T], by their
 * usual names ({@link io.squat.savedmodels.InputRole}); and an output {@code logits}, {@code
 * probabilities} or {@code score}, or exactly one float32 output [B, C]. Where the signature fixes
 * B or T, batches are padded to it.
 *
 * <p>Several threads may predict at once: a TensorFlow session runs them side by side, and each
 * gets what it would get alone. {@link TextClassifier} takes text and closes safely, too.
 */
public final class Classifier implements Predictor {
  /**
   * How a model is loaded and run.
   *
   * @param choice which of the folder's graphs and signatures
   * @param device where it runs
   * @param threads how many threads an operation may use; 0 takes all cores
   */
  public record Options(SavedModelReader.Choice choice, Device device, int threads) {
    /** The default graph and signature, usual names, all that the machine has. */
    public static final Options DEFAULT =
        new Options(SavedModelReader.Choice.DEFAULT, Device.AUTO, 0);

    /**
     * Checks.
     *
     * @throws IllegalArgumentException if the number of threads is negative
     */
    public Options {
      if (threads < 0) {
        throw new IllegalArgumentException(
            "threads: expected a number of at least 0 (0: all cores), found " + threads);
      }
    }
  }

  private final Path folder;
  private final ServedSignature served;
  private final SignatureBatches batches;
  private final SignatureOutput output;

  private Classifier(Path folder, ServedSignature served, SignatureOutput output) {
    this.folder = folder;
    this.served = served;
    this.batches = new SignatureBatches(folder.toString(), served.inputs());
    this.output = output;
  }

  /**
   * Loads a model; the caller closes it.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param options what to load and where to run it
   * @throws IllegalArgumentException if the folder is no SavedModel, its files are incomplete, the
   *     chosen graph or signature does not exist, or the signature is not a classifier's; the
   *     message names what was found
   */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the classifier closes it
  public static Classifier open(Path folder, Options options) {
    ServedSignature served = ServedSignature.open(folder, options, SignatureOutput::of);
    return new Classifier(folder, served, SignatureOutput.of(served.signature()));
  }

  /** The folder of the model. */
  public Path folder() {
    return folder;
  }

  /** The name of the output that predicts, for example {@code logits}. */
  public String outputName() {
    return output.key();
  }

  @Override
  public String name() {
    return folder.toString();
  }

  @Override
  public OptionalInt maxLength() {
    return batches.maxLength();
  }

  @Override
  public Predictions predict(Batch batch) {
    return batches.predict(batch, this::run);
  }

  private List<SignatureBatches.Answer> run(Batch batch, int start, int rows, int length) {
    try (Result result = served.run(List.of(output.tensor()), batch, start, rows, length)) {
      return List.of(
          new SignatureBatches.Answer(output.key(), output.kind(), floats(result.get(0), rows)));
    }
  }

  private float[] floats(Tensor tensor, int rows) {
    Shape shape = tensor.shape();
    int rank = shape.numDimensions();
    if (!(tensor instanceof TFloat32) || rank < 1 || rank > 2 || shape.get(0) != rows) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: output %s: expected float32 [%d, C] or [%d], found %s %s",
              folder,
              output.key(),
              rows,
              rows,
              tensor.dataType(),
              shape));
    }
    float[] values = new float[Math.toIntExact(shape.size())];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }

  @Override
  public void close() {
    served.close();
  }
}
