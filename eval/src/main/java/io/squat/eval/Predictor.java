package io.squat.eval;

import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * Token ids in, predictions out: a model in this process ({@link Classifier}) or on a server
 * ({@link RestClassifier}).
 *
 * <p>Several threads may predict at once, and get what one thread alone would get. {@link #close}
 * comes after the last prediction.
 */
public interface Predictor extends AutoCloseable {

  /** What messages call the model: its folder or URL. */
  String name();

  /** The most tokens a row may have, if the signature fixes its T. */
  OptionalInt maxLength();

  /**
   * Predicts for a batch.
   *
   * @param batch B rows of T tokens
   * @return float32 [B, C], rows in the batch's order
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws IllegalStateException if the model fails, or gives something else than finite float32
   *     [B, C], [B, 1] or [B]
   */
  Predictions predict(Batch batch);

  /**
   * Predicts for all rows, in batches of rows of similar length, longest rows first.
   *
   * @param examples the rows
   * @param batchSize rows a batch, at least 1
   * @param rowsDone told, after each batch, how many rows are done
   * @return the predictions in the order of {@code examples}
   * @throws IllegalArgumentException if there are no rows, or as {@link #predict(Batch)}
   * @throws IllegalStateException as {@link #predict(Batch)}
   */
  default Predictions predict(EncodedExamples examples, int batchSize, IntConsumer rowsDone) {
    Predictions first = null;
    float[] values = new float[0];
    int done = 0;
    for (Batch batch : Batches.sequential(examples, batchSize)) {
      Predictions part = predict(batch);
      if (first == null) {
        first = part;
        values = new float[examples.size() * part.columns()];
      }
      int columns = first.columns();
      if (part.columns() != columns || part.kind() != first.kind()) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s: expected %d %s a row as in the batch before, found %d %s",
                name(),
                columns,
                first.kind().label(),
                part.columns(),
                part.kind().label()));
      }
      for (int row = 0; row < batch.rows(); row++) {
        System.arraycopy(
            part.values(), row * columns, values, batch.rowIndices()[row] * columns, columns);
      }
      done += batch.rows();
      rowsDone.accept(done);
    }
    if (first == null) {
      throw new IllegalArgumentException("predictions: expected at least one row, found none");
    }
    return new Predictions(first.kind(), examples.size(), first.columns(), values);
  }

  /** Gives back what the model takes; it is not usable afterwards. */
  @Override
  void close();
}
