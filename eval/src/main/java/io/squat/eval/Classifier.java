package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.TensorFlowMessage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.IntConsumer;
import java.util.function.ToIntFunction;
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
 * or T, batches are padded to it. One thread at a time uses a classifier.
 */
public final class Classifier implements AutoCloseable {

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
  private final SignatureOutput output;

  private Classifier(Path folder, ServedSignature served, SignatureOutput output) {
    this.folder = folder;
    this.served = served;
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

  /** The most tokens a row may have, if the signature fixes its T. */
  public OptionalInt maxLength() {
    int length = fixed(SignatureInput::length);
    return length == SignatureInput.ANY ? OptionalInt.empty() : OptionalInt.of(length);
  }

  private int fixed(ToIntFunction<SignatureInput> size) {
    return served.inputs().stream().mapToInt(size).max().orElse(SignatureInput.ANY);
  }

  /**
   * Runs the model on all rows, longest rows first.
   *
   * @param examples the rows
   * @param batchSize rows a batch, at least 1
   * @param rowsDone told, after each batch, how many rows are done
   * @return the predictions in the order of {@code examples}
   * @throws IllegalArgumentException if there are no rows, or as {@link #predict(Batch)}
   * @throws IllegalStateException as {@link #predict(Batch)}
   */
  public Predictions predict(EncodedExamples examples, int batchSize, IntConsumer rowsDone) {
    List<Predictions> parts = new ArrayList<>();
    float[] values = new float[0];
    int done = 0;
    for (Batch batch : Batches.sequential(examples, batchSize)) {
      Predictions part = predict(batch);
      if (parts.isEmpty()) {
        values = new float[examples.size() * part.columns()];
      }
      for (int row = 0; row < batch.rows(); row++) {
        int columns = part.columns();
        System.arraycopy(
            part.values(), row * columns, values, batch.rowIndices()[row] * columns, columns);
      }
      parts.add(part);
      done += batch.rows();
      rowsDone.accept(done);
    }
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("predictions: expected at least one row, found none");
    }
    return new Predictions(parts.get(0).kind(), examples.size(), parts.get(0).columns(), values);
  }

  /**
   * Runs the model on a batch.
   *
   * @param batch B rows of T tokens
   * @return float32 [B, C], rows in the batch's order
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws IllegalStateException if the model fails, or gives something else than finite float32
   *     [B, C], [B, 1] or [B]
   */
  public Predictions predict(Batch batch) {
    int length = fixed(SignatureInput::length);
    if (length != SignatureInput.ANY && batch.length() > length) {
      throw new IllegalArgumentException(
          folder
              + ": expected rows of at most "
              + length
              + " tokens, found one of "
              + batch.length()
              + "; encode with --max-length "
              + length);
    }
    int rows = fixed(SignatureInput::rows);
    int tensorRows = rows == SignatureInput.ANY ? batch.rows() : rows;
    int tensorLength = length == SignatureInput.ANY ? batch.length() : length;
    float[] values = new float[0];
    int columns = 0;
    for (int start = 0; start < batch.rows(); start += tensorRows) {
      float[] part = run(batch, start, tensorRows, tensorLength);
      if (start == 0) {
        columns = part.length / tensorRows;
        values = new float[batch.rows() * columns];
      }
      int kept = Math.min(tensorRows, batch.rows() - start);
      System.arraycopy(part, 0, values, start * columns, kept * columns);
    }
    checkFinite(values, columns, batch);
    OutputKind kind = columns == 1 ? OutputKind.SCORE : output.kind();
    return new Predictions(kind, batch.rows(), columns, values);
  }

  @SuppressWarnings("MustBeClosedChecker") // the list holds the tensors, and all of it is closed
  private float[] run(Batch batch, int start, int rows, int length) {
    List<TIntegral> fed = new ArrayList<>();
    try {
      Session.Runner runner = served.session().runner().fetch(output.tensor());
      for (SignatureInput input : served.inputs()) {
        TIntegral tensor = input.tensor(batch, start, rows, length);
        fed.add(tensor);
        runner.feed(input.tensor(), tensor);
      }
      try (Result result = run(runner, rows, length)) {
        return floats(result.get(0), rows);
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
              "%s: the model fails on %d rows of %d tokens: %s",
              folder,
              rows,
              length,
              TensorFlowMessage.of(e)),
          e);
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

  private void checkFinite(float[] values, int columns, Batch batch) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s: output %s: expected finite numbers, found %f for row %d",
                folder,
                output.key(),
                values[i],
                batch.rowIndices()[i / columns]));
      }
    }
  }

  @Override
  public void close() {
    served.close();
  }
}
