package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TIntegral;

/**
 * One input of a model's signature: an integer tensor [B, T].
 *
 * @param role what is fed to it
 * @param key its name in the signature
 * @param tensor the name of its tensor, for example {@code input_ids:0}
 * @param int64 whether it takes int64; else int32
 * @param rows the only B it takes, or {@link #ANY}
 * @param length the only T it takes, or {@link #ANY}
 */
record SignatureInput(
    InputRole role, String key, String tensor, boolean int64, int rows, int length) {
  /** A size that the signature leaves open. */
  static final int ANY = -1;

  private static final int RANK = 2;

  /**
   * The inputs of a signature by their role.
   *
   * @param signature the signature
   * @param named the names of inputs that do not have a usual one
   * @throws IllegalArgumentException if ids or mask are missing, an input has no role, or one is no
   *     integer tensor [B, T] of at least one row and token
   */
  static List<SignatureInput> of(SignatureDef signature, Map<InputRole, String> named) {
    Map<String, TensorInfo> infos = new TreeMap<>(signature.getInputsMap());
    Set<String> left = new TreeSet<>(infos.keySet());
    List<SignatureInput> inputs = new ArrayList<>();
    for (InputRole role : InputRole.values()) {
      Optional<String> key = role.find(infos.keySet(), named.get(role));
      TensorInfo info = key.map(infos::get).orElse(null);
      if (info != null) {
        if (!left.remove(key.orElseThrow())) {
          throw new IllegalArgumentException(
              "expected different inputs for ids, mask and segments, found "
                  + key.orElseThrow()
                  + " twice");
        }
        inputs.add(of(role, key.orElseThrow(), info));
      }
    }
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "expected inputs for ids, mask and segments alone, found other inputs " + left);
    }
    return List.copyOf(inputs);
  }

  private static SignatureInput of(InputRole role, String key, TensorInfo info) {
    DataType type = info.getDtype();
    if (type != DataType.DT_INT32 && type != DataType.DT_INT64) {
      throw new IllegalArgumentException(
          "input " + key + ": expected int32 or int64, found " + type);
    }
    TensorShapeProto shape = info.getTensorShape();
    boolean known = info.hasTensorShape() && !shape.getUnknownRank();
    if (known && shape.getDimCount() != RANK) {
      throw new IllegalArgumentException(
          "input " + key + ": expected [B, T], found " + shape.getDimCount() + " dimensions");
    }
    return new SignatureInput(
        role,
        key,
        info.getName(),
        type == DataType.DT_INT64,
        known ? size(key, shape, 0) : ANY,
        known ? size(key, shape, 1) : ANY);
  }

  private static int size(String key, TensorShapeProto shape, int dimension) {
    long size = shape.getDim(dimension).getSize();
    if (size != ANY && (size < 1 || size > Integer.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "input "
              + key
              + ": expected [B, T] with sizes of at least 1, or -1 for any, found "
              + shape.getDimList().stream().map(TensorShapeProto.Dim::getSize).toList());
    }
    return (int) size;
  }

  /**
   * A batch's rows as a tensor [R, L] for this input; the caller closes it.
   *
   * @param batch the batch
   * @param start the first row of the batch that is taken
   * @param tensorRows R
   * @param tensorLength L, at least the batch's
   */
  @MustBeClosed
  TIntegral tensor(Batch batch, int start, int tensorRows, int tensorLength) {
    int[] values = values(batch, start, tensorRows, tensorLength);
    Shape shape = Shape.of(tensorRows, tensorLength);
    if (int64) {
      long[] wide = Arrays.stream(values).asLongStream().toArray();
      return TInt64.tensorOf(shape, DataBuffers.of(wide, true, false));
    }
    return TInt32.tensorOf(shape, DataBuffers.of(values, true, false));
  }

  /**
   * A batch's rows for this input: int32 [R, L], row-major. Missing columns are padding: {@code
   * [PAD]} among ids, zeros elsewhere; missing rows repeat the last one.
   *
   * @param batch the batch
   * @param start the first row of the batch that is taken
   * @param tensorRows R
   * @param tensorLength L, at least the batch's
   * @return not to be changed
   */
  int[] values(Batch batch, int start, int tensorRows, int tensorLength) {
    int[] values =
        switch (role) {
          case IDS -> batch.ids();
          case MASK -> batch.mask();
          case SEGMENTS -> batch.segments();
        };
    return start != 0 || tensorRows != batch.rows() || tensorLength != batch.length()
        ? padded(values, batch, start, tensorRows, tensorLength)
        : values;
  }

  private int[] padded(int[] values, Batch batch, int start, int tensorRows, int tensorLength) {
    int[] padded = new int[tensorRows * tensorLength];
    Arrays.fill(padded, role == InputRole.IDS ? batch.padId() : 0);
    for (int row = 0; row < tensorRows; row++) {
      int from = Math.min(start + row, batch.rows() - 1) * batch.length();
      System.arraycopy(values, from, padded, row * tensorLength, batch.length());
    }
    return padded;
  }
}
