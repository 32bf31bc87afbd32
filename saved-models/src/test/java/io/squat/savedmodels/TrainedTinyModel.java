package io.squat.savedmodels;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.QuantizationGrid;
import io.squat.ops.StepSizes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A tiny model with a head of random weights and the step sizes that training would start from, in
 * its training graph.
 */
final class TrainedTinyModel implements ModelValues, AutoCloseable {
  static final int CLASSES = 3;
  private static final float ACTIVATION_STEPS = 127;

  final TinyModel tiny;
  final ModelGraph model;
  final BertStructure structure;
  final Quantization quantization;
  final TrainingGraph training;
  private final Map<String, float[]> values = new HashMap<>();

  @MustBeClosed
  TrainedTinyModel(TinyModel tiny, String bits, int outputs) {
    this(tiny, bits, Granularity.TENSOR, outputs);
  }

  @MustBeClosed
  TrainedTinyModel(TinyModel tiny, String bits, Granularity granularity, int outputs) {
    this(tiny, tiny.read(), bits, granularity, outputs);
  }

  /** Of a graph that is the tiny model's but for what a test changed. */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the training graph is closed with this object
  TrainedTinyModel(
      TinyModel tiny, ModelGraph graph, String bits, Granularity granularity, int outputs) {
    this.tiny = tiny;
    this.quantization = new Quantization(BitWidths.parse(bits), null, granularity);
    this.model = Rewriting.withHead(graph, outputs);
    this.structure = BertStructure.of(model);
    ModelValues saved = ModelValues.ofSavedModel(tiny.path(), model);
    Random random = new Random(17);
    for (ModelVariable variable : model.variables()) {
      values.put(
          variable.name(),
          variable.stored() == null
              ? gaussian(random, (int) variable.size())
              : saved.values(variable.name()));
    }
    structure.layers().forEach(layer -> weightStep(Quantizer.Kind.WEIGHT, layer.weight()));
    structure.embeddings().forEach(look -> weightStep(Quantizer.Kind.EMBEDDING, look.table()));
    activationSteps();
    this.training = TrainingGraph.build(model, quantization, false);
  }

  private static float[] gaussian(Random random, int count) {
    float[] drawn = new float[count];
    for (int i = 0; i < count; i++) {
      drawn[i] = (float) random.nextGaussian();
    }
    return drawn;
  }

  private void weightStep(Quantizer.Kind kind, String variable) {
    Optional<QuantizationGrid> grid = quantization.grid(kind);
    if (grid.isPresent()) {
      int columns = model.variable(variable).shape().get(1).intValue();
      values.put(
          Quantizer.stepSizeName(variable),
          Floats.toArray(
              quantization.granularity(kind).groups(values(variable), columns).stream()
                  .map(weights -> StepSizes.ofWeights(weights, grid.get()))
                  .toList()));
    }
  }

  private void activationSteps() {
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      try (Session session = new Session(graph)) {
        run(session, Map.of(), model, structure.layerInputs())
            .forEach(
                (input, x) ->
                    values.put(
                        Quantizer.stepSizeName(input),
                        new float[] {RewrittenModelTest.max(x) / ACTIVATION_STEPS}));
      }
    }
  }

  @Override
  public float[] values(String variable) {
    return Objects.requireNonNull(values.get(variable), variable);
  }

  float stepSize(String source) {
    return values(Quantizer.stepSizeName(source))[0];
  }

  /** The logits of the training graph on the tiny model's inputs. */
  float[] logitsInTraining() {
    return logitsInTraining(Map.of());
  }

  /** The logits of the training graph on the tiny model's inputs, or others that are fed. */
  float[] logitsInTraining(Map<String, ? extends Tensor> feeds) {
    String logits = training.model().requireHead().logits();
    return Objects.requireNonNull(inTraining(feeds, List.of(logits)).get(logits));
  }

  /** Tensors of the training graph on the tiny model's inputs, or others that are fed. */
  Map<String, float[]> inTraining(Map<String, ? extends Tensor> feeds, List<String> fetches) {
    try (Session session = new Session(training.graph());
        TFloat32 rate = TFloat32.scalarOf(0f);
        TInt32 seed = TInt32.vectorOf(5, 6)) {
      Map<String, Tensor> all = new HashMap<>(feeds);
      all.put(AddDropout.RATE, rate);
      all.put(AddDropout.SEED, seed);
      return run(session, all, training.model(), fetches);
    }
  }

  private Map<String, float[]> run(
      Session session, Map<String, Tensor> feeds, ModelGraph fedModel, List<String> fetches) {
    List<TFloat32> owned = fedModel.variables().stream().map(variable -> tensor(variable)).toList();
    Map<String, Tensor> inputs = tiny.feeds(fedModel);
    Map<String, Tensor> all = new HashMap<>(inputs);
    all.putAll(feeds);
    try {
      for (int i = 0; i < owned.size(); i++) {
        all.put(fedModel.variables().get(i).read(), owned.get(i));
      }
      return fetch(session, all, fetches);
    } finally {
      owned.forEach(Tensor::close);
      inputs.values().forEach(Tensor::close);
    }
  }

  private TFloat32 tensor(ModelVariable variable) {
    return tensor(values(variable.name()), variable.shape().stream().mapToLong(d -> d).toArray());
  }

  static TFloat32 tensor(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  static Map<String, float[]> fetch(
      Session session, Map<String, ? extends Tensor> feeds, List<String> fetches) {
    Session.Runner runner = session.runner();
    feeds.forEach(runner::feed);
    fetches.forEach(runner::fetch);
    Map<String, float[]> fetched = new HashMap<>();
    try (Result result = runner.run()) {
      for (int i = 0; i < fetches.size(); i++) {
        fetched.put(fetches.get(i), floats(result.get(i)));
      }
    }
    return fetched;
  }

  static float[] floats(Tensor tensor) {
    float[] read = new float[(int) tensor.shape().size()];
    tensor.asRawTensor().data().asFloats().read(read);
    return read;
  }

  @Override
  public void close() {
    training.close();
  }
}
