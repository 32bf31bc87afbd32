package io.squat.eval;

import io.squat.glue.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;

/**
 * Runs batches through a signature: cuts and pads them where the signature fixes B or T, and checks
 * and joins what comes back.
 *
 * @param model what messages call the model
 * @param inputs the signature's inputs
 */
record SignatureBatches(String model, List<SignatureInput> inputs) {

  /** Copies the list. */
  SignatureBatches {
    inputs = List.copyOf(inputs);
  }

  /**
   * What the model says about some rows.
   *
   * @param output the name of the output
   * @param kind what the numbers mean where there are several a row
   * @param values float32 [R, C], row-major
   */
  // An immutable array class would copy what goes straight into Predictions.
  @SuppressWarnings("ArrayRecordComponent")
  record Answer(String output, OutputKind kind, float[] values) {}

  /** Runs the model once. */
  @FunctionalInterface
  interface Run {
    /**
     * Runs it on rows of a batch, padded as {@link SignatureInput#values} does.
     *
     * @param start the first row
     * @param rows R, the rows the model is given
     * @param length L, the tokens a row that it is given
     * @return for each output numbers of R rows, as many each
     */
    List<Answer> on(Batch batch, int start, int rows, int length);
  }

  /** The most tokens a row may have, if the signature fixes its T. */
  OptionalInt maxLength() {
    int length = fixed(SignatureInput::length);
    return length == SignatureInput.ANY ? OptionalInt.empty() : OptionalInt.of(length);
  }

  private int fixed(ToIntFunction<SignatureInput> size) {
    return inputs.stream().mapToInt(size).max().orElse(SignatureInput.ANY);
  }

  /**
   * Predicts for a batch.
   *
   * @param run gives one output
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws IllegalStateException if a number is not finite, or as {@code run}
   */
  Predictions predict(Batch batch, Run run) {
    Answer answer = answers(batch, run).get(0);
    int columns = answer.values().length / batch.rows();
    OutputKind kind = columns == 1 ? OutputKind.SCORE : answer.kind();
    return new Predictions(kind, batch.rows(), columns, answer.values());
  }

  /**
   * What the model says about a batch.
   *
   * @return the outputs of {@code run} with numbers of the batch's rows
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws IllegalStateException if a number is not finite, or as {@code run}
   */
  List<Answer> answers(Batch batch, Run run) {
    int length = fixed(SignatureInput::length);
    if (length != SignatureInput.ANY && batch.length() > length) {
      throw new IllegalArgumentException(
          model
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
    List<List<Answer>> parts = new ArrayList<>();
    for (int start = 0; start < batch.rows(); start += tensorRows) {
      parts.add(run.on(batch, start, tensorRows, tensorLength));
    }
    List<Answer> joined = new ArrayList<>();
    for (int i = 0; i < parts.get(0).size(); i++) {
      int output = i;
      joined.add(joined(parts.stream().map(part -> part.get(output)).toList(), tensorRows, batch));
    }
    return joined;
  }

  private Answer joined(List<Answer> parts, int partRows, Batch batch) {
    Answer first = parts.get(0);
    int columns = first.values().length / partRows;
    float[] values = new float[batch.rows() * columns];
    for (int i = 0; i < parts.size(); i++) {
      int kept = Math.min(partRows, batch.rows() - i * partRows);
      System.arraycopy(parts.get(i).values(), 0, values, i * partRows * columns, kept * columns);
    }
    checkFinite(first.output(), values, columns, batch);
    return new Answer(first.output(), first.kind(), values);
  }

  private void checkFinite(String output, float[] values, int columns, Batch batch) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s: output %s: expected finite numbers, found %f for row %d",
                model,
                output,
                values[i],
                batch.rowIndices()[i / columns]));
      }
    }
  }
}
