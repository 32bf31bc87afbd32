package io.squat.train;

import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelInput;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.VariableGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The smallest canonical model that is a transformer encoder by its structure: an embedding, one
 * linear layer, and attention with fixed scores that pools the tokens.
 *
 * <pre>
 * x = table[ids]                [B * T, H]
 * y = x * kernel + bias         [B * T, F]
 * p = softmax(mask)             [B, 1, T]
 * pooled = p * y                [B, F]
 * </pre>
 */
public final class SmallModel {
  public static final int VOCABULARY = 11;
  public static final int TOKENS = 3;
  public static final int HIDDEN = 4;
  public static final int FEATURES = 6;
  public static final int CLASSES = 2;

  public static final String TABLE = "table";
  public static final String KERNEL = "kernel";
  public static final String BIAS = "bias";
  public static final String INPUT = "x";

  private SmallModel() {}

  /** The model with its head. */
  public static ModelGraph build() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TInt32> ids = input(tf, "ids");
      Operand<TInt32> mask = input(tf, "mask");
      Operand<TFloat32> table = variable(tf, TABLE, Shape.of(VOCABULARY, HIDDEN));
      Operand<TFloat32> kernel = variable(tf, KERNEL, Shape.of(HIDDEN, FEATURES));
      Operand<TFloat32> bias = variable(tf, BIAS, Shape.of(FEATURES));
      Operand<TFloat32> x =
          tf.withName(INPUT).reshape(tf.gather(table, ids, tf.constant(0)), tf.array(-1, HIDDEN));
      Operand<TFloat32> y =
          tf.reshape(
              tf.nn.biasAdd(tf.linalg.matMul(x, kernel), bias), tf.array(-1, TOKENS, FEATURES));
      Operand<TFloat32> scores =
          tf.reshape(tf.dtypes.cast(mask, TFloat32.class), tf.array(-1, 1, TOKENS));
      Operand<TFloat32> pooled =
          tf.withName("pooled")
              .reshape(
                  node(tf, "BatchMatMulV2", "attention", tf.nn.softmax(scores), y),
                  tf.array(-1, FEATURES));
      ModelGraph encoder =
          new ModelGraph(
              graph.toGraphDef(),
              List.of(
                  weight(TABLE, VOCABULARY, HIDDEN),
                  weight(KERNEL, HIDDEN, FEATURES),
                  weight(BIAS, FEATURES)),
              List.of(
                  new ModelInput("ids", "ids", InputRole.IDS, false),
                  new ModelInput("mask", "mask", InputRole.MASK, false)),
              Map.of("pooled", pooled.op().name()),
              pooled.op().name(),
              null,
              List.of());
      return Rewriting.withHead(encoder, CLASSES);
    }
  }

  private static Operand<TInt32> input(Ops tf, String name) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(-1, -1)));
  }

  private static Operand<TFloat32> variable(Ops tf, String name, Shape shape) {
    return node(tf, "Identity", name + "/read", tf.withName(name).variable(shape, TFloat32.class));
  }

  /** For names with a slash and for the versions of operations that BERTs are exported with. */
  private static Operand<TFloat32> node(Ops tf, String type, String name, Operand<?>... inputs) {
    OperationBuilder builder = tf.scope().env().opBuilder(type, name, tf.scope());
    for (Operand<?> input : inputs) {
      builder.addInput(input.asOutput());
    }
    return builder.build().output(0);
  }

  private static ModelVariable weight(String name, long... shape) {
    return new ModelVariable(
        name, null, Arrays.stream(shape).boxed().toList(), VariableGroup.WEIGHTS);
  }
}
