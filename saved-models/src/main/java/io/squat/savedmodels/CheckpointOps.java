package io.squat.savedmodels;

import com.google.common.base.CharMatcher;
import com.google.common.primitives.Longs;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.NoOp;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.train.Restore;
import org.tensorflow.op.train.Save;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/**
 * Operations that save and restore variables of a graph in TensorFlow's checkpoint format.
 *
 * <p>A checkpoint is named by its prefix: {@code prefix.index} and {@code
 * prefix.data-00000-of-00001}.
 */
public final class CheckpointOps {
  /** On Windows a backslash is a path's own. */
  private static final CharMatcher PATTERN =
      CharMatcher.anyOf(File.separatorChar == '/' ? "*?[\\" : "*?[");

  private final Placeholder<TString> prefix;
  private final Op save;
  private final Op restore;

  private CheckpointOps(Placeholder<TString> prefix, Op save, Op restore) {
    this.prefix = prefix;
    this.save = save;
    this.restore = restore;
  }

  /**
   * Adds the operations for a checkpoint that holds the variables as they are.
   *
   * @param tf where they are added
   * @param variables float32 variables (VariableV2) by their key in the checkpoint
   */
  public static CheckpointOps add(Ops tf, Map<String, Output<TFloat32>> variables) {
    Map<StoredTensor, Output<TFloat32>> stored = new LinkedHashMap<>();
    variables.forEach(
        (key, variable) ->
            stored.put(new StoredTensor(key, Longs.asList(variable.shape().asArray())), variable));
    return addStored(tf, stored);
  }

  /**
   * Adds the operations for a checkpoint that holds the variables' values in other shapes.
   *
   * @param tf where they are added
   * @param variables float32 variables (VariableV2) by what they are in the checkpoint
   */
  public static CheckpointOps addStored(Ops tf, Map<StoredTensor, Output<TFloat32>> variables) {
    Ops scope = tf.withSubScope("checkpoint");
    Placeholder<TString> prefix =
        scope.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    List<StoredTensor> stored = List.copyOf(variables.keySet());
    List<String> keys = stored.stream().map(StoredTensor::key).toList();
    List<Output<TFloat32>> values = List.copyOf(variables.values());
    List<Operand<?>> written = new ArrayList<>();
    Operand<TString> names = strings(scope, keys);
    Operand<TString> slices = strings(scope, keys.stream().map(key -> "").toList());
    for (int i = 0; i < keys.size(); i++) {
      written.add(reshape(scope, values.get(i), values.get(i).shape(), shape(stored.get(i))));
    }
    Save save = scope.train.save(prefix, names, slices, written);
    Restore restored = scope.train.restore(prefix, names, slices, floats(keys.size()));
    List<Op> assignments = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      Output<TFloat32> variable = values.get(i);
      Shape shape = shape(stored.get(i));
      Operand<TFloat32> value =
          scope.ensureShape(restored.tensors().get(i).asOutput().expect(TFloat32.class), shape);
      assignments.add(scope.assign(variable, reshape(scope, value, shape, variable.shape())));
    }
    NoOp all = scope.withControlDependencies(assignments).noOp();
    return new CheckpointOps(prefix, save, all);
  }

  private static Shape shape(StoredTensor stored) {
    return Shape.of(Longs.toArray(stored.shape()));
  }

  private static Operand<TFloat32> reshape(Ops tf, Operand<TFloat32> value, Shape from, Shape to) {
    return from.equals(to) ? value : tf.reshape(value, tf.constant(to));
  }

  /** Writes the variables. */
  public void save(Session session, Path checkpoint) {
    run(session, checkpoint, save);
  }

  /**
   * Reads the variables.
   *
   * @throws IllegalArgumentException if the checkpoint is not complete, or lacks one of them
   */
  public void restore(Session session, Path checkpoint) {
    requirePlainName(checkpoint);
    try {
      run(session, checkpoint, restore);
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw unreadable(checkpoint, e);
    }
  }

  /**
   * Checks that TensorFlow, which reads the name of a checkpoint as a pattern, finds it by its
   * name.
   *
   * @throws IllegalArgumentException if the path has one of {@code * ? [ \}
   */
  public static void requirePlainName(Path path) {
    if (PATTERN.matchesAnyOf(path.toString())) {
      throw new IllegalArgumentException(
          path
              + ": expected a path without * ? [ and \\, which TensorFlow reads as a pattern, found one;"
              + " choose another folder");
    }
  }

  static IllegalArgumentException unreadable(Path checkpoint, RuntimeException cause) {
    return new IllegalArgumentException(
        checkpoint
            + ": expected the values of the model's variables, found that they cannot be read: "
            + TensorFlowMessage.of(cause),
        cause);
  }

  private void run(Session session, Path checkpoint, Op target) {
    try (TString path = TString.scalarOf(checkpoint.toString())) {
      session.runner().feed(prefix, path).addTarget(target).run().close();
    }
  }

  /**
   * Reads tensors out of a checkpoint; the caller closes the result.
   *
   * @param checkpoint the prefix
   * @param keys the keys of float32 tensors
   * @return the tensors by key, owned by the result
   * @throws IllegalArgumentException if the checkpoint is not complete, or lacks one of them
   */
  @MustBeClosed
  public static Values read(Path checkpoint, List<String> keys) {
    requirePlainName(checkpoint);
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Restore restored =
          tf.train.restore(
              tf.constant(checkpoint.toString()),
              strings(tf, keys),
              strings(tf, keys.stream().map(key -> "").toList()),
              floats(keys.size()));
      try (Session session = Device.cpuSession(graph)) {
        Session.Runner runner = session.runner();
        restored.tensors().forEach(runner::fetch);
        return new Values(keys, runner.run());
      } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
        throw unreadable(checkpoint, e);
      }
    }
  }

  /** Tensors read from a checkpoint. */
  public static final class Values implements AutoCloseable {
    private final Map<String, TFloat32> tensors = new LinkedHashMap<>();
    private final Result result;

    private Values(List<String> keys, Result result) {
      this.result = result;
      for (int i = 0; i < keys.size(); i++) {
        tensors.put(keys.get(i), (TFloat32) result.get(i));
      }
    }

    /**
     * A tensor by its key; it lives until this object is closed.
     *
     * @throws IllegalArgumentException if it was not asked for
     */
    public TFloat32 get(String key) {
      TFloat32 tensor = tensors.get(key);
      if (tensor == null) {
        throw new IllegalArgumentException("no tensor was read for key " + key);
      }
      return tensor;
    }

    @Override
    public void close() {
      result.close();
    }
  }

  static Operand<TString> strings(Ops tf, List<String> values) {
    return tf.constant(NdArrays.vectorOfObjects(values.toArray(new String[0])));
  }

  static List<Class<? extends TType>> floats(int count) {
    List<Class<? extends TType>> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      types.add(TFloat32.class);
    }
    return types;
  }
}
