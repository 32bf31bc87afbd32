package io.squat.eval;

import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TIntegral;

/**
 * A SavedModel small enough to be computed by hand: the mean of the token embeddings (plus those of
 * the segments) under the mask, then a dense layer.
 *
 * <pre>
 * logits[b, c] = bias[c] + sum_h weight[h, c] * mean over masked t of (table[ids[b, t], h] + segmentTable[segments[b, t], h])
 * </pre>
 */
final class TinyClassifier {
  static final int VOCABULARY = 23;
  static final int HIDDEN = 5;
  private static final int SEGMENTS = 2;

  final float[][] table;
  final float[][] segmentTable;
  final float[][] weight;
  final float[] bias;

  private final int classes;
  private boolean int64;
  private boolean variables;
  private int fixedRows = -1;
  private int fixedLength = -1;
  private final Map<InputRole, String> inputs = new EnumMap<>(InputRole.class);
  private final Map<String, Output> outputs = new LinkedHashMap<>();
  private final Set<String> signatures = new java.util.LinkedHashSet<>(List.of("serving_default"));
  private String tag = "serve";

  /** What a signature's output holds. */
  enum Output {
    LOGITS,
    PROBABILITIES,
    /** int32 [B]. */
    LABEL,
    /** The only column of the logits, float32 [B]. */
    SCORE,
    /** The masked mean, float32 [B, H]. */
    POOLED,
    /** The embeddings, float32 [B, T, H]. */
    SEQUENCE,
    /** The logits without the first row, float32 [B - 1, C]. */
    FEWER_ROWS,
    /** Zero divided by zero in place of each logit. */
    NOT_A_NUMBER
  }

  TinyClassifier(int classes, long seed) {
    Random random = new Random(seed);
    this.classes = classes;
    table = matrix(random, VOCABULARY, HIDDEN);
    segmentTable = matrix(random, SEGMENTS, HIDDEN);
    weight = matrix(random, HIDDEN, classes);
    bias = matrix(random, 1, classes)[0];
    for (InputRole role : InputRole.values()) {
      inputs.put(role, role.signatureName());
    }
  }

  private static float[][] matrix(Random random, int rows, int columns) {
    float[][] matrix = new float[rows][columns];
    for (float[] row : matrix) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return matrix;
  }

  TinyClassifier int64() {
    int64 = true;
    return this;
  }

  /** Keeps the embeddings in a variable, so that the folder has a checkpoint. */
  TinyClassifier variables() {
    variables = true;
    return this;
  }

  TinyClassifier fixed(int rows, int length) {
    fixedRows = rows;
    fixedLength = length;
    return this;
  }

  TinyClassifier input(InputRole role, String name) {
    inputs.put(role, name);
    return this;
  }

  TinyClassifier without(InputRole role) {
    inputs.remove(role);
    return this;
  }

  TinyClassifier output(String name, Output output) {
    outputs.put(name, output);
    return this;
  }

  TinyClassifier signatures(String... names) {
    signatures.clear();
    signatures.addAll(List.of(names));
    return this;
  }

  TinyClassifier tag(String name) {
    tag = name;
    return this;
  }

  /** What the model should say, in plain Java: float32 [B, C]. */
  double[][] expectedLogits(Batch batch) {
    double[][] logits = new double[batch.rows()][classes];
    for (int row = 0; row < batch.rows(); row++) {
      double[] mean = new double[HIDDEN];
      int tokens = 0;
      for (int t = 0; t < batch.length(); t++) {
        int at = row * batch.length() + t;
        if (batch.mask()[at] == 1) {
          tokens++;
          for (int h = 0; h < HIDDEN; h++) {
            mean[h] += table[batch.ids()[at]][h];
            if (inputs.containsKey(InputRole.SEGMENTS)) {
              mean[h] += segmentTable[batch.segments()[at]][h];
            }
          }
        }
      }
      for (int c = 0; c < classes; c++) {
        logits[row][c] = bias[c];
        for (int h = 0; h < HIDDEN; h++) {
          logits[row][c] += mean[h] / tokens * weight[h][c];
        }
      }
    }
    return logits;
  }

  /** What the sequence should be, in plain Java: for each token that is no padding, [H]. */
  List<double[]> expectedSequence(Batch batch) {
    List<double[]> vectors = new ArrayList<>();
    for (int at = 0; at < batch.ids().length; at++) {
      if (batch.mask()[at] == 1) {
        double[] vector = new double[HIDDEN];
        for (int h = 0; h < HIDDEN; h++) {
          vector[h] = table[batch.ids()[at]][h] + segmentTable[batch.segments()[at]][h];
        }
        vectors.add(vector);
      }
    }
    return vectors;
  }

  /** Writes the SavedModel into a folder. */
  Path write(Path folder) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      SignatureDef signature = int64 ? build(tf, TInt64.class) : build(tf, TInt32.class);
      MetaGraphDef.Builder metaGraph =
          variables
              ? exported(graph, session, folder)
              : MetaGraphDef.newBuilder().setGraphDef(graph.toGraphDef());
      metaGraph.getMetaInfoDefBuilder().clearTags().addTags(tag);
      metaGraph.clearSignatureDef();
      signatures.forEach(name -> metaGraph.putSignatureDef(name, signature));
      Files.createDirectories(folder);
      Files.write(
          folder.resolve("saved_model.pb"),
          SavedModel.newBuilder()
              .setSavedModelSchemaVersion(1)
              .addMetaGraphs(metaGraph)
              .build()
              .toByteArray());
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The graph with the operations that restore its variables, whose checkpoint is written. */
  private static MetaGraphDef.Builder exported(Graph graph, Session session, Path folder)
      throws IOException {
    session.initialize();
    Signature any =
        Signature.builder("any").output("table", graph.operation("table").output(0)).build();
    SavedModelBundle.exporter(folder.toString()).withSession(session).withSignature(any).export();
    return SavedModel.parseFrom(Files.readAllBytes(folder.resolve("saved_model.pb")))
        .getMetaGraphs(0)
        .toBuilder();
  }

  private <T extends TIntegral & org.tensorflow.types.family.TNumber> SignatureDef build(
      Ops tf, Class<T> type) {
    SignatureDef.Builder signature = SignatureDef.newBuilder();
    Map<InputRole, Operand<TInt32>> fed = new EnumMap<>(InputRole.class);
    inputs.forEach(
        (role, name) -> {
          Placeholder<T> input =
              tf.withName("in_" + name)
                  .placeholder(type, Placeholder.shape(Shape.of(fixedRows, fixedLength)));
          signature.putInputs(name, info(input));
          fed.put(role, tf.dtypes.cast(input, TInt32.class));
        });
    Operand<TFloat32> rows = tf.constant(table);
    if (variables) {
      rows = tf.withName("table").variable(rows);
    }
    Operand<TFloat32> sequence = embeddings(tf, rows, fed);
    Operand<TFloat32> mask =
        fed.containsKey(InputRole.MASK)
            ? tf.dtypes.cast(fed.get(InputRole.MASK), TFloat32.class)
            : tf.onesLike(tf.dtypes.cast(fed.get(InputRole.IDS), TFloat32.class));
    Operand<TFloat32> pooled =
        tf.math.div(
            tf.reduceSum(
                tf.math.mul(sequence, tf.expandDims(mask, tf.constant(-1))), tf.constant(1)),
            tf.reduceSum(mask, tf.constant(1), ReduceSum.keepDims(true)));
    Operand<TFloat32> logits =
        tf.math.add(tf.linalg.matMul(pooled, tf.constant(weight)), tf.constant(bias));
    outputs.forEach(
        (name, output) ->
            signature.putOutputs(name, info(operand(tf, output, sequence, pooled, logits))));
    return signature.build();
  }

  private Operand<TFloat32> embeddings(
      Ops tf, Operand<TFloat32> rows, Map<InputRole, Operand<TInt32>> fed) {
    Operand<TInt32> axis = tf.constant(0);
    Operand<TFloat32> tokens = tf.gather(rows, fed.get(InputRole.IDS), axis);
    return fed.containsKey(InputRole.SEGMENTS)
        ? tf.math.add(
            tokens, tf.gather(tf.constant(segmentTable), fed.get(InputRole.SEGMENTS), axis))
        : tokens;
  }

  private static Operand<?> operand(
      Ops tf,
      Output output,
      Operand<TFloat32> sequence,
      Operand<TFloat32> pooled,
      Operand<TFloat32> logits) {
    return switch (output) {
      case LOGITS -> tf.identity(logits);
      case PROBABILITIES -> tf.nn.softmax(logits);
      case LABEL -> tf.math.argMax(logits, tf.constant(1), TInt32.class);
      case SCORE -> tf.reshape(logits, tf.constant(new int[] {-1}));
      case POOLED -> tf.identity(pooled);
      case SEQUENCE -> tf.identity(sequence);
      case FEWER_ROWS ->
          tf.slice(logits, tf.constant(new int[] {1, 0}), tf.constant(new int[] {-1, -1}));
      case NOT_A_NUMBER -> tf.math.div(tf.zerosLike(logits), tf.zerosLike(logits));
    };
  }

  private static TensorInfo info(Operand<?> operand) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    Shape found = operand.asOutput().shape();
    if (found.isUnknown()) {
      shape.setUnknownRank(true);
    } else {
      for (long size : found.asArray()) {
        shape.addDimBuilder().setSize(size);
      }
    }
    return TensorInfo.newBuilder()
        .setName(operand.asOutput().op().name() + ":" + operand.asOutput().index())
        .setDtypeValue(operand.asOutput().dataType().getNumber())
        .setTensorShape(shape)
        .build();
  }
}
