package io.squat.savedmodels;

import com.google.common.hash.Hashing;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/**
 * The requests that TensorFlow Serving runs on a model when it loads it, so that the first client
 * does not wait while TensorFlow prepares its kernels.
 *
 * <p>A TFRecord file, all numbers little endian, of {@code PredictionLog}s:
 *
 * <pre>
 * record     = uint64 length, uint32 masked(crc32c(length)), bytes, uint32 masked(crc32c(bytes))
 * masked(c)  = rotate c right by 15 bits, plus 0xa282ead8
 *
 * PredictionLog (prediction_log.proto)   predict_log = 6
 * PredictLog (prediction_log.proto)      request = 1
 * PredictRequest (predict.proto)         model_spec = 1, inputs = 2 (a map: key = 1, value = 2)
 * ModelSpec (model.proto)                name = 1, signature_name = 3
 * </pre>
 *
 * <p>TensorFlow Java has the classes of TensorFlow's own messages, but not of these four, which are
 * TensorFlow Serving's; the few fields are written by their numbers. Tensors hold their integers as
 * varints, and TensorFlow repeats the last one where there are fewer than the shape has: a mask of
 * ones is one integer.
 */
public final class WarmUpRequests {
  /** Where the file is in a model's folder. */
  public static final String FILE = "assets.extra/tf_serving_warmup_requests";

  /** No file is larger. */
  public static final int MAX_BYTES = 200_000;

  private static final int FRAME_BYTES = 16;
  private static final int CRC_ROTATION = 15;
  private static final int CRC_MASK = 0xa282ead8;

  private WarmUpRequests() {}

  /**
   * A batch of whole rows: every token is one, of the first segment.
   *
   * @param rows number of rows, B
   * @param length tokens a row, T
   * @param ids int32 [B, T], row after row
   */
  public record Batch(int rows, int length, List<Integer> ids) {
    /** Checks and copies. */
    public Batch {
      ids = List.copyOf(ids);
      if (rows < 1 || length < 1 || ids.size() != (long) rows * length) {
        throw new IllegalArgumentException(
            "warm-up batch: expected ids ["
                + rows
                + ", "
                + length
                + "] of at least one row and token, found "
                + ids.size()
                + " ids");
      }
    }
  }

  /**
   * Writes the file: a request of {@link ServingModel#DEFAULT} a batch, small ones first. Where
   * they come to more than {@link #MAX_BYTES}, the largest ones are left out.
   *
   * @param model the name of the model; a server runs the requests on the model that they lie in,
   *     whatever it calls it
   * @param inputs the inputs of the signature: those of {@link InputRole#signatureName}
   * @param batches the batches
   * @return the file's bytes
   */
  public static byte[] file(String model, Collection<String> inputs, List<Batch> batches) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    List<Batch> bySize =
        batches.stream().sorted(Comparator.comparingInt(batch -> batch.ids().size())).toList();
    for (Batch batch : bySize) {
      byte[] record = log(model, inputs, batch).toByteArray();
      if (file.size() + record.length + FRAME_BYTES > MAX_BYTES) {
        break;
      }
      file.writeBytes(framed(record));
    }
    return file.toByteArray();
  }

  private static ByteString log(String model, Collection<String> inputs, Batch batch) {
    ByteString request =
        field(
            1,
            field(1, ByteString.copyFromUtf8(model))
                .concat(field(3, ByteString.copyFromUtf8(ServingModel.DEFAULT))));
    for (String input : new TreeSet<>(inputs)) {
      request =
          request.concat(
              field(
                  2,
                  field(1, ByteString.copyFromUtf8(input))
                      .concat(field(2, tensor(batch, values(input, batch)).toByteString()))));
    }
    return field(6, field(1, request));
  }

  private static List<Integer> values(String input, Batch batch) {
    if (input.equals(InputRole.IDS.signatureName())) {
      return batch.ids();
    }
    return List.of(input.equals(InputRole.MASK.signatureName()) ? 1 : 0);
  }

  private static TensorProto tensor(Batch batch, List<Integer> values) {
    return TensorProto.newBuilder()
        .setDtype(DataType.DT_INT32)
        .setTensorShape(
            TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dim.newBuilder().setSize(batch.rows()))
                .addDim(TensorShapeProto.Dim.newBuilder().setSize(batch.length())))
        .addAllIntVal(values)
        .build();
  }

  /** A message of one field: a message or text. */
  private static ByteString field(int number, ByteString content) {
    return UnknownFieldSet.newBuilder()
        .addField(number, UnknownFieldSet.Field.newBuilder().addLengthDelimited(content).build())
        .build()
        .toByteString();
  }

  private static byte[] framed(byte[] record) {
    ByteBuffer frame =
        ByteBuffer.allocate(record.length + FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    frame.putLong(record.length);
    frame.putInt(maskedCrc(frame.array(), Long.BYTES));
    frame.put(record);
    frame.putInt(maskedCrc(record, record.length));
    return frame.array();
  }

  private static int maskedCrc(byte[] bytes, int length) {
    return Integer.rotateRight(Hashing.crc32c().hashBytes(bytes, 0, length).asInt(), CRC_ROTATION)
        + CRC_MASK;
  }
}
