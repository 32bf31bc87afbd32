package io.squat.savedmodels;

import com.google.common.primitives.Floats;
import com.google.common.primitives.Longs;
import com.google.protobuf.UnsafeByteOperations;
import io.squat.ops.Granularity;
import io.squat.ops.IntegerStorage;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;

/**
 * The constants that take the place of a model's variables, each made once, however many signatures
 * use it.
 *
 * <p>Names of the constants: {@code variable/read} for the values as they are, {@code
 * variable/quantized} for grid values in float32, {@code variable/integers} for integers as they
 * are stored; {@code variable/int8} for those of a kernel, unpacked.
 */
final class Constants {
  /** What the name of a constant of integers ends in. */
  static final String INTEGERS = "/integers";

  /** What the name of a constant of grid values ends in. */
  private static final String QUANTIZED = "/quantized";

  private static final List<String> OF_VARIABLES =
      List.of(ServingVariables.READ, QUANTIZED, INTEGERS);

  /** What the name of a kernel's integers ends in, once they are unpacked. */
  static final String KERNEL = "/int8";

  private final ModelValues values;
  private final IntegerStorage storage;
  private final Map<String, NodeDef> made = new HashMap<>();

  Constants(ModelValues values, IntegerStorage storage) {
    this.values = values;
    this.storage = storage;
  }

  /** Whether a node is a constant in the place of a variable. */
  static boolean isOfVariable(NodeDef node) {
    return node.getOp().equals("Const") && OF_VARIABLES.stream().anyMatch(node.getName()::endsWith);
  }

  /** How constants of integers are to be read. */
  IntegerStorage storage() {
    return storage;
  }

  /** The values of a variable, float32. */
  NodeDef plain(ModelVariable variable) {
    return once(variable.read(), name -> floats(name, variable.shape(), variableValues(variable)));
  }

  /** The grid values of a variable, float32. */
  NodeDef quantized(ModelVariable variable, QuantizationGrid grid, Granularity granularity) {
    return once(
        variable.name() + QUANTIZED,
        name -> floats(name, variable.shape(), weights(variable, grid, granularity).values()));
  }

  /**
   * Adds the integers of a kernel and what unpacks them.
   *
   * @return int8 [in, out]
   */
  String kernel(
      GraphEditor editor, ModelVariable variable, QuantizationGrid grid, Granularity granularity) {
    long[] shape = Longs.toArray(variable.shape());
    NodeDef integers =
        once(
            variable.name() + INTEGERS,
            name ->
                stored(
                    name,
                    storage.kernel(
                        weights(variable, grid, granularity).integers(), grid.bits(), shape)));
    editor.put(integers);
    String name = variable.name() + KERNEL;
    if (!editor.contains(name)) {
      String unpacked =
          Fragment.add(
                  editor,
                  variable.name() + "/unpack",
                  List.of(input(integers)),
                  (tf, in) -> List.of(storage.kernel(tf, in.get(0), grid.bits(), shape)))
              .get(0);
      editor.put(Nodes.ensureShape(name, unpacked, DataType.DT_INT8, shape));
    }
    return name;
  }

  /** The integers of a table, of which rows can be gathered. */
  NodeDef table(ModelVariable table, QuantizationGrid grid) {
    return once(
        table.name() + INTEGERS,
        name ->
            stored(
                name,
                storage.rows(
                    weights(table, grid, Granularity.TENSOR).integers(),
                    Math.toIntExact(table.shape().get(1)),
                    grid.bits())));
  }

  /** What a fragment takes a constant by. */
  static Fragment.Input input(NodeDef constant) {
    return new Fragment.Input(
        constant.getName(), constant.getAttrOrThrow("dtype").getType(), Shape.unknown());
  }

  private static NodeDef stored(String name, IntegerStorage.Stored stored) {
    return constant(name, stored.type(), stored.shape(), stored.content());
  }

  /** The quantized values of a variable under its step size. */
  QuantizedWeights weights(ModelVariable variable, QuantizationGrid grid, Granularity granularity) {
    return QuantizedWeights.of(variableValues(variable), stepSize(variable, granularity), grid);
  }

  /**
   * The learned step size of a kernel, or of a table.
   *
   * @throws IllegalArgumentException if it is not one positive number, or one a column
   */
  StepSize stepSize(ModelVariable matrix, Granularity granularity) {
    long count = granularity.steps(matrix.shape().get(1));
    return new StepSize(granularity, Floats.asList(positive(matrix.name(), count)));
  }

  /**
   * The learned step size of a tensor or table.
   *
   * @throws IllegalArgumentException if it is not one positive number
   */
  float stepSize(String source) {
    return positive(source, 1)[0];
  }

  private float[] positive(String source, long count) {
    String name = Quantizer.stepSizeName(source);
    float[] steps = values.values(name);
    String expected = count == 1 ? "one positive number" : count + " positive numbers";
    if (steps.length != count) {
      throw new IllegalArgumentException(
          "step size " + name + ": expected " + expected + ", found " + steps.length + " numbers");
    }
    for (float step : steps) {
      if (!(step > 0 && step <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "step size " + name + ": expected " + expected + ", found " + step);
      }
    }
    return steps;
  }

  /**
   * The values of a variable.
   *
   * @throws IllegalArgumentException if there are more or fewer than its shape has, or one is not
   *     finite
   */
  float[] variableValues(ModelVariable variable) {
    float[] found = values.values(variable.name());
    if (found.length != variable.size()) {
      throw new IllegalArgumentException(
          "variable "
              + variable.name()
              + ": expected "
              + variable.size()
              + " values of shape "
              + variable.shape()
              + ", found "
              + found.length);
    }
    for (int i = 0; i < found.length; i++) {
      if (!Float.isFinite(found[i])) {
        throw new IllegalArgumentException(
            "variable "
                + variable.name()
                + ": expected finite values, found "
                + found[i]
                + " at index "
                + i);
      }
    }
    return found;
  }

  private NodeDef once(String name, Function<String, NodeDef> make) {
    NodeDef node = made.get(name);
    if (node == null) {
      node = make.apply(name);
      made.put(name, node);
    }
    return node;
  }

  /** A float32 constant. */
  static NodeDef floats(String name, List<Long> shape, float[] values) {
    ByteBuffer bytes = littleEndian(values.length);
    bytes.asFloatBuffer().put(values);
    return constant(name, DataType.DT_FLOAT, shape, bytes);
  }

  /** The values of a tensor, row by row. */
  static float[] values(TFloat32 tensor) {
    float[] values = new float[Math.toIntExact(tensor.size())];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }

  /** The byte order of the machines that TensorFlow has natives for. */
  private static ByteBuffer littleEndian(int words) {
    return ByteBuffer.allocate(Math.multiplyExact(words, Integer.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  static NodeDef constant(String name, DataType type, List<Long> shape, ByteBuffer content) {
    TensorProto tensor =
        TensorProto.newBuilder()
            .setDtype(type)
            .setTensorShape(Nodes.shape(Longs.toArray(shape)).getShape())
            .setTensorContent(UnsafeByteOperations.unsafeWrap(content)) // no second copy
            .build();
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Const")
        .putAttr("dtype", Nodes.type(type))
        .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build())
        .build();
  }
}
