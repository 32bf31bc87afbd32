package io.squat.savedmodels;

import com.google.protobuf.ByteString;
import io.squat.ops.FakeQuant;
import io.squat.ops.QuantizationGrid;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.StridedSlice;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Stores embedding tables as integers, of which a lookup unpacks the rows that it takes.
 *
 * <pre>
 * GatherV2(table, ids)          rows of ids
 * Slice(table, begin, size)     rows of the sliced table
 * StridedSlice(table, ...)      rows of the sliced table
 * MatMul(OneHot(ids), table)    rows of ids
 * </pre>
 *
 * <p>Invariant: a lookup gives integers of the grid times {@link FakeQuant#scale}, which is the
 * learned step size but for its last bit, and stands under its old name. An id without a row is an
 * error, where the OneHot's product gave zeros.
 */
final class IntegerTables implements RewritePass {
  private final BertStructure structure;
  private final QuantizationGrid grid;
  private final Constants constants;

  IntegerTables(BertStructure structure, QuantizationGrid grid, Constants constants) {
    this.structure = structure;
    this.grid = grid;
    this.constants = constants;
  }

  @Override
  public ModelGraph apply(ModelGraph model) {
    GraphEditor editor = model.edit();
    for (EmbeddingLookup lookup : structure.embeddings()) {
      ModelVariable table = model.variable(lookup.table());
      NodeDef integers = constants.table(table, grid);
      editor.put(integers);
      new Lookup(editor, editor.node(lookup.node()), Constants.input(integers), table).replace();
    }
    return model.with(editor);
  }

  /** One lookup under rewriting. */
  private final class Lookup {
    private final GraphEditor editor;
    private final NodeDef node;
    private final Fragment.Input integers;
    private final int columns;
    private final float scale;

    Lookup(GraphEditor editor, NodeDef node, Fragment.Input integers, ModelVariable table) {
      this.editor = editor;
      this.node = node;
      this.integers = integers;
      this.columns = Math.toIntExact(table.shape().get(1));
      this.scale = FakeQuant.scale(constants.stepSize(table.name()), grid);
    }

    void replace() {
      List<Fragment.Input> inputs = new ArrayList<>();
      inputs.add(integers);
      String rows =
          switch (node.getOp()) {
            case "GatherV2" -> {
              requireRows();
              inputs.add(indices(node, 1, "Tindices"));
              yield add(inputs, (tf, in) -> rows(tf, in.get(0), ints(tf, in.get(1))));
            }
            case "Slice" -> {
              inputs.add(indices(node, 1, "Index"));
              inputs.add(indices(node, 2, "Index"));
              yield add(inputs, this::slice);
            }
            case "StridedSlice" -> {
              for (int i = 1; i <= 3; i++) {
                inputs.add(indices(node, i, "Index"));
              }
              yield add(inputs, this::stridedSlice);
            }
            default -> {
              inputs.add(indices(oneHot(), 0, "TI"));
              yield add(
                  inputs,
                  (tf, in) -> rows(tf, in.get(0), tf.reshape(ints(tf, in.get(1)), tf.array(-1))));
            }
          };
      editor.put(Nodes.identity(node.getName(), rows, DataType.DT_FLOAT));
    }

    private String add(List<Fragment.Input> inputs, Rows rows) {
      return Fragment.add(
              editor,
              node.getName() + "/unpack",
              inputs,
              (tf, in) -> List.of(tf.math.mul(rows.of(tf, in), tf.constant(scale))))
          .get(0);
    }

    private Operand<TFloat32> rows(Ops tf, Operand<?> table, Operand<TInt32> indices) {
      return constants.storage().gatherRows(tf, table, indices, grid.bits(), columns);
    }

    /** Slices rows as they are stored, and columns once they are unpacked. */
    private Operand<TFloat32> slice(Ops tf, List<Operand<?>> in) {
      Operand<TInt32> begin = ints(tf, in.get(1));
      Operand<TInt32> size = ints(tf, in.get(2));
      Operand<TInt32> first = tf.constant(new int[] {1, 0});
      Operand<TInt32> second = tf.constant(new int[] {0, 1});
      Operand<TInt32> all = tf.constant(new int[] {0, -1});
      Operand<?> sliced =
          tf.slice(
              in.get(0).asOutput(),
              tf.math.mul(begin, first),
              tf.math.add(tf.math.mul(size, first), all));
      return tf.slice(
          allRows(tf, sliced),
          tf.math.mul(begin, second),
          tf.math.add(tf.math.mul(size, second), tf.constant(new int[] {-1, 0})));
    }

    /**
     * As {@link #slice}: a mask's bit says that a bound is not given, 1 for rows, 2 for columns.
     */
    private Operand<TFloat32> stridedSlice(Ops tf, List<Operand<?>> in) {
      Operand<TInt32> begin = ints(tf, in.get(1));
      Operand<TInt32> end = ints(tf, in.get(2));
      Operand<TInt32> strides = ints(tf, in.get(3));
      long beginMask = node.getAttrOrThrow("begin_mask").getI();
      long endMask = node.getAttrOrThrow("end_mask").getI();
      if (ConstantInts.of(editor.node(GraphEditor.input(node, 3))).length == 1) { // table[a:b]
        Operand<?> sliced =
            tf.stridedSlice(
                in.get(0).asOutput(),
                begin,
                end,
                strides,
                StridedSlice.beginMask(beginMask),
                StridedSlice.endMask(endMask));
        return allRows(tf, sliced);
      }
      Operand<TInt32> rowsAlone = tf.constant(new int[] {1, 0});
      Operand<TInt32> columnsAlone = tf.constant(new int[] {0, 1});
      Operand<?> sliced =
          tf.stridedSlice(
              in.get(0).asOutput(),
              begin,
              end,
              tf.math.add(tf.math.mul(strides, rowsAlone), columnsAlone),
              StridedSlice.beginMask(beginMask | 2),
              StridedSlice.endMask(endMask | 2));
      return tf.stridedSlice(
          allRows(tf, sliced),
          begin,
          end,
          tf.math.add(tf.math.mul(strides, columnsAlone), rowsAlone),
          StridedSlice.beginMask(beginMask | 1),
          StridedSlice.endMask(endMask | 1));
    }

    private Operand<TFloat32> allRows(Ops tf, Operand<?> table) {
      Operand<TInt32> count = tf.gather(tf.shape(table), tf.constant(0), tf.constant(0));
      return rows(tf, table, tf.range(tf.constant(0), count, tf.constant(1)));
    }

    private NodeDef oneHot() {
      NodeDef source = editor.node(GraphEditor.input(node, 0));
      while (!source.getOp().equals("OneHot")) {
        source = editor.node(GraphEditor.input(source, 0));
      }
      return source;
    }

    private void requireRows() {
      NodeDef axis = editor.node(GraphEditor.input(node, 2));
      if (!axis.getOp().equals("Const") || !isZero(axis.getAttrOrThrow("value").getTensor())) {
        throw new IllegalArgumentException(
            "node "
                + node.getName()
                + ": expected a lookup of rows, axis 0, found another axis; export as float");
      }
    }
  }

  private interface Rows {
    Operand<TFloat32> of(Ops tf, List<Operand<?>> inputs);
  }

  private static boolean isZero(TensorProto tensor) {
    ByteString content = tensor.getTensorContent();
    for (int i = 0; i < content.size(); i++) {
      if (content.byteAt(i) != 0) {
        return false;
      }
    }
    return tensor.getIntValList().stream().allMatch(value -> value == 0)
        && tensor.getInt64ValList().stream().allMatch(value -> value == 0);
  }

  private static Fragment.Input indices(NodeDef node, int input, String typeAttribute) {
    String tensor = GraphEditor.input(node, input);
    return node.getAttrOrThrow(typeAttribute).getType() == DataType.DT_INT64
        ? new Fragment.Input(tensor, DataType.DT_INT64, Shape.unknown())
        : new Fragment.Input(tensor, DataType.DT_INT32, Shape.unknown());
  }

  private static Operand<TInt32> ints(Ops tf, Operand<?> indices) {
    return tf.dtypes.cast(indices, TInt32.class);
  }
}
