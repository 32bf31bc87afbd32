package io.squat.eval;

import com.google.common.collect.ImmutableMap;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat32;

/**
 * A SavedModel, encoder or classifier, and all outputs of its signature that are float32 [B], [B,
 * C] or [B, T, H].
 *
 * <p>Inputs are found as by {@link Classifier}.
 */
public final class ModelOutputs implements AutoCloseable {
  private static final int MOST_DIMENSIONS = 3;

  private final ServedSignature served;
  private final SignatureBatches batches;
  private final ImmutableMap<String, String> tensors;
  private final Optional<String> classes;

  private ModelOutputs(ServedSignature served) {
    this.served = served;
    this.batches = new SignatureBatches(served.folder().toString(), served.inputs());
    this.tensors = tensors(served.signature());
    this.classes = SignatureOutput.find(served.signature()).map(SignatureOutput::key);
  }

  /**
   * Loads a model; the caller closes it.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param options what to load and where to run it
   * @throws IllegalArgumentException if the folder is no SavedModel, its files are incomplete, the
   *     chosen graph or signature does not exist, or the signature has no such output
   */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // this closes it
  public static ModelOutputs open(Path folder, Classifier.Options options) {
    return new ModelOutputs(ServedSignature.open(folder, options, ModelOutputs::tensors));
  }

  private static ImmutableMap<String, String> tensors(SignatureDef signature) {
    Map<String, TensorInfo> infos = new TreeMap<>(signature.getOutputsMap());
    ImmutableMap.Builder<String, String> tensors = ImmutableMap.builder();
    infos.forEach(
        (key, info) -> {
          int rank = info.getTensorShape().getDimCount();
          if (info.getDtype() == DataType.DT_FLOAT
              && !info.getTensorShape().getUnknownRank()
              && rank >= 1
              && rank <= MOST_DIMENSIONS) {
            tensors.put(key, info.getName());
          }
        });
    ImmutableMap<String, String> found = tensors.build();
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "expected an output that is float32 [B], [B, C] or [B, T, H], found outputs "
              + SignatureOutput.describe(infos));
    }
    return found;
  }

  /** The folder of the model. */
  public Path folder() {
    return served.folder();
  }

  /** The outputs' names in the signature, sorted. */
  public List<String> names() {
    return tensors.keySet().asList();
  }

  /** The most tokens a row may have, if the signature fixes it. */
  public OptionalInt maxLength() {
    return batches.maxLength();
  }

  /** Whether an output is the one that a {@link Classifier} predicts with. */
  boolean predicts(String name) {
    return classes.filter(name::equals).isPresent();
  }

  /**
   * What the model gives for a batch.
   *
   * @param names of {@link #names}
   * @return one for each name
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws IllegalStateException if the model fails, or gives anything but finite numbers
   */
  List<Vectors> of(Batch batch, List<String> names) {
    List<String> fetched = names.stream().map(tensors::get).toList();
    List<Shape> shapes = new ArrayList<>();
    List<SignatureBatches.Answer> answers =
        batches.answers(
            batch,
            (part, start, rows, length) -> {
              shapes.clear();
              List<SignatureBatches.Answer> given = new ArrayList<>();
              try (Result result = served.run(fetched, part, start, rows, length)) {
                for (int i = 0; i < fetched.size(); i++) {
                  Tensor tensor = result.get(i);
                  shapes.add(checked(names.get(i), tensor, rows, length));
                  float[] values = new float[Math.toIntExact(tensor.shape().size())];
                  tensor.asRawTensor().data().asFloats().read(values);
                  given.add(
                      new SignatureBatches.Answer(names.get(i), OutputKind.CLASS_VALUES, values));
                }
              }
              return given;
            });
    List<Vectors> vectors = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      vectors.add(Vectors.of(answers.get(i).values(), shapes.get(i)));
    }
    return vectors;
  }

  private Shape checked(String name, Tensor tensor, int rows, int length) {
    Shape shape = tensor.shape();
    int rank = shape.numDimensions();
    if (!(tensor instanceof TFloat32)
        || rank < 1
        || rank > MOST_DIMENSIONS
        || shape.get(0) != rows
        || (rank == MOST_DIMENSIONS && shape.get(1) != length)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: output %s: expected float32 [%d], [%d, C] or [%d, %d, H], found %s %s",
              served.folder(),
              name,
              rows,
              rows,
              rows,
              length,
              tensor.dataType(),
              shape));
    }
    return shape;
  }

  @Override
  public void close() {
    served.close();
  }

  /**
   * Vectors of one output.
   *
   * @param tokens how many stand for a row of the batch: its tokens and padding, or {@link #ROW}
   * @param size numbers of a vector
   * @param values row-major
   */
  @SuppressWarnings("ArrayRecordComponent") // a wrapper would copy it
  record Vectors(int tokens, int size, float[] values) {
    /** One vector for the whole row. */
    static final int ROW = -1;

    private static Vectors of(float[] values, Shape shape) {
      int rank = shape.numDimensions();
      int size = rank == 1 ? 1 : (int) shape.get(rank - 1);
      return new Vectors(rank == MOST_DIMENSIONS ? (int) shape.get(1) : ROW, size, values);
    }

    /**
     * Where a vector begins in the values.
     *
     * @param row of the batch
     * @param token of the row; without meaning for vectors of rows
     */
    int start(int row, int token) {
      return (tokens == ROW ? row : row * tokens + token) * size;
    }
  }
}
