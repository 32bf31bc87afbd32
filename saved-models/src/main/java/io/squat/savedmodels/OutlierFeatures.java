package io.squat.savedmodels;

import com.google.common.primitives.Ints;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Takes the few features of layer inputs that are far larger than all others out of the quantized
 * product, and multiplies them in float32 (Dettmers et al., "LLM.int8()", NeurIPS 2022, arXiv
 * 2208.07339, section 3.2, with features that are fixed by calibration).
 *
 * <pre>
 * x W + b   =   x W' + b + x[:, O] W[O, :]        W' is W with zeros in the rows O
 * O         =   the features whose largest magnitude is more than 6 times the median one
 * </pre>
 *
 * <p>In BERT-base one feature of a feed-forward input reaches 140 where 99.9 % of the values are
 * below 2: a step that spans it leaves all others two levels, and one that does not cuts it off.
 * Layers that share an input or a kernel share the features.
 */
public final class OutlierFeatures {
  /** None are taken out. */
  public static final OutlierFeatures NONE = new OutlierFeatures(Map.of(), Map.of());

  private static final float TIMES_MEDIAN = 6;

  /** More than one in so many are no outliers. */
  private static final int MOST = 32;

  private final Map<String, Set<Integer>> byInput;
  private final Map<String, Set<Integer>> byKernel;

  private OutlierFeatures(Map<String, Set<Integer>> byInput, Map<String, Set<Integer>> byKernel) {
    this.byInput = Map.copyOf(byInput);
    this.byKernel = Map.copyOf(byKernel);
  }

  /**
   * Chooses the features.
   *
   * @param model a canonical graph
   * @param largest the largest magnitude of each feature, by layer input
   */
  public static OutlierFeatures of(ModelGraph model, Map<String, List<Float>> largest) {
    List<LinearLayer> open = new ArrayList<>(BertStructure.of(model).layers());
    Map<String, Set<Integer>> byInput = new HashMap<>();
    Map<String, Set<Integer>> byKernel = new HashMap<>();
    while (!open.isEmpty()) {
      Set<String> inputs = new LinkedHashSet<>();
      Set<String> kernels = new LinkedHashSet<>();
      takeConnected(open, inputs, kernels);
      Set<Integer> features = new LinkedHashSet<>();
      for (String input : inputs) {
        features.addAll(outliers(Objects.requireNonNull(largest.get(input), input)));
      }
      if (!features.isEmpty()) {
        inputs.forEach(input -> byInput.put(input, features));
        kernels.forEach(kernel -> byKernel.put(kernel, features));
      }
    }
    return new OutlierFeatures(byInput, byKernel);
  }

  /** Takes out the first layer, and all that are connected to it by an input or a kernel. */
  private static void takeConnected(
      List<LinearLayer> open, Set<String> inputs, Set<String> kernels) {
    List<LinearLayer> taken = List.of(open.get(0));
    while (!taken.isEmpty()) {
      taken.forEach(layer -> inputs.add(layer.input()));
      taken.forEach(layer -> kernels.add(layer.weight()));
      open.removeAll(taken);
      taken =
          open.stream()
              .filter(layer -> inputs.contains(layer.input()) || kernels.contains(layer.weight()))
              .toList();
    }
  }

  private static List<Integer> outliers(List<Float> largest) {
    List<Float> sorted = largest.stream().sorted().toList();
    float bound = TIMES_MEDIAN * sorted.get(sorted.size() / 2);
    List<Integer> outliers = new ArrayList<>();
    for (int i = 0; i < largest.size(); i++) {
      if (largest.get(i) > bound) {
        outliers.add(i);
      }
    }
    return outliers.size() * MOST <= largest.size() ? outliers : List.of();
  }

  /**
   * The features of a layer's input that are not quantized.
   *
   * @param input the tensor
   */
  public Set<Integer> features(String input) {
    return byInput.getOrDefault(input, Set.of());
  }

  /**
   * The model with the products of the outliers added; its values are those of {@link #rest}.
   *
   * @param model the canonical graph that the features were chosen for
   * @param values its values
   */
  public ModelGraph apply(ModelGraph model, ModelValues values) {
    GraphEditor editor = model.edit();
    for (LinearLayer layer : BertStructure.of(model).layers()) {
      int[] features = Ints.toArray(features(layer.input()));
      if (features.length > 0) {
        int columns = model.variable(layer.weight()).shape().get(1).intValue();
        float[] kernel = rows(values.values(layer.weight()), features, columns);
        List<GraphEditor.Use> uses = editor.uses(layer.output()); // not the sum's own
        String sum =
            Fragment.add(
                    editor,
                    GraphEditor.producer(layer.output()) + "/outliers",
                    List.of(
                        new Fragment.Input(layer.input(), DataType.DT_FLOAT, Shape.unknown()),
                        new Fragment.Input(layer.output(), DataType.DT_FLOAT, Shape.unknown())),
                    (tf, in) ->
                        List.of(
                            sum(
                                tf,
                                in.get(0).asOutput().expect(TFloat32.class),
                                in.get(1).asOutput().expect(TFloat32.class),
                                features,
                                kernel,
                                columns)))
                .get(0);
        uses.forEach(use -> editor.setInput(use, sum));
      }
    }
    return model.with(editor);
  }

  private static Operand<TFloat32> sum(
      Ops tf,
      Operand<TFloat32> input,
      Operand<TFloat32> output,
      int[] features,
      float[] kernel,
      int columns) {
    Operand<TFloat32> outliers = tf.gather(input, tf.constant(features), tf.constant(1));
    Operand<TFloat32> rows = tf.reshape(tf.constant(kernel), tf.array(features.length, columns));
    return tf.math.add(output, tf.linalg.matMul(outliers, rows));
  }

  private static float[] rows(float[] kernel, int[] features, int columns) {
    float[] rows = new float[features.length * columns];
    for (int i = 0; i < features.length; i++) {
      System.arraycopy(kernel, features[i] * columns, rows, i * columns, columns);
    }
    return rows;
  }

  /**
   * The values without the rows that are multiplied in float32.
   *
   * @param model the canonical graph that the features were chosen for
   * @param values its values
   */
  public ModelValues rest(ModelGraph model, ModelValues values) {
    return name -> {
      Set<Integer> features = byKernel.getOrDefault(name, Set.of());
      if (features.isEmpty()) {
        return values.values(name);
      }
      float[] rest = values.values(name).clone();
      int columns = model.variable(name).shape().get(1).intValue();
      for (int feature : features) {
        Arrays.fill(rest, feature * columns, (feature + 1) * columns, 0);
      }
      return rest;
    };
  }
}
