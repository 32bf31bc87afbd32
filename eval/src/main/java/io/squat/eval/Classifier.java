package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.TensorFlowMessage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TIntegral;

/**
 * A SavedModel, ours or anybody's, that gives one number a class or a score for rows of token ids.
 *
 * <p>Its signature has the inputs ids and mask, and maybe segments, int32 or int64 [B, T], by their
 * usual names ({@link io.squat.savedmodels.InputRole}); and an output {@code logits}, {@code
 * probabilities} or {@code score}, or no other float32 output [B, C]. Where the signature fixes B
 * or T, batches are padded to it.
 *
 * <p>Several threads may predict at once: a TensorFlow session runs them side by side, and each
 * gets what it would get alone. {@link TextClassifier} takes text and closes safely, too.
 */
public final class Classifier implements Predictor {
  private static final Pattern MISSING_ROW =
      Pattern.compile("indices\\[[^]]*\\] = \\d+ is not in \\[0, (\\d+)\\)");

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

  @SuppressWarnings("MustBeClosedChecker") // the list holds the tensors, and all of it is closed
  private SignatureBatches.Answer run(Batch batch, int start, int rows, int length) {
    List<TIntegral> fed = new ArrayList<>();
    try {
      Session.Runner runner = served.session().runner().fetch(output.tensor());
      for (SignatureInput input : batches.inputs()) {
        TIntegral tensor = input.tensor(batch, start, rows, length);
        fed.add(tensor);
        runner.feed(input.tensor(), tensor);
      }
      try (Result result = run(runner, rows, length)) {
        return new SignatureBatches.Answer(
            output.key(), output.kind(), floats(result.get(0), rows));
      }
    } finally {
      fed.forEach(Tensor::close);
    }
  }

  @MustBeClosed
  private Result run(Session.Runner runner, int rows, int length) {
    try {
      return runner.run();
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: the model fails on %d rows of %d tokens: %s%s",
              folder,
              rows,
              length,
              TensorFlowMessage.of(e),
              remedy(TensorFlowMessage.of(e), length)),
          e);
    }
  }

  /** What may help where a row of a table is missing, the positions' or the vocabulary's. */
  private static String remedy(String message, int length) {
    Matcher missing = MISSING_ROW.matcher(message);
    if (!missing.find()) {
      return "";
    }
    return Integer.parseInt(missing.group(1)) < length
        ? "; the model has " + missing.group(1) + " positions: cut texts by --max-length"
        : "; the model's vocabulary has " + missing.group(1) + " entries: give its own by --vocab";
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
