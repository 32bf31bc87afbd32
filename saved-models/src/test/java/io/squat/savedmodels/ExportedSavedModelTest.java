package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.ops.Granularity;
import io.squat.ops.IntegerLinear;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** What was exported, written, and loaded again as TensorFlow loads any SavedModel. */
@EnabledOnOs(
    architectures = {"amd64", "x86_64"},
    disabledReason = "TensorFlow has the integer kernels for x86 only")
class ExportedSavedModelTest {
  private static final int VOCABULARY = 120;
  private static final int POSITIONS = 40;
  private static final int SEGMENTS = 16;
  private static final int ROWS = 64;
  private static final float SOFTMAX_TOLERANCE = 1e-6f;

  /** Of the largest output of a model whose activations are not quantized. */
  private static final float RELATIVE_TOLERANCE = 1e-5f;

  @TempDir Path temp;

  private int loaded;

  /** Rows of one length, the later half of the odd ones padding. */
  private record Batch(int rows, int length, List<Integer> ids, List<Integer> segments) {
    static Batch random(int rows, int length) {
      Random random = new Random(31L * rows + length);
      return new Batch(
          rows,
          length,
          random.ints((long) rows * length, 1, VOCABULARY).boxed().toList(),
          random.ints((long) rows * length, 0, 2).boxed().toList());
    }

    /** This batch with one other id. */
    Batch withId(int index, int id) {
      List<Integer> changed = new ArrayList<>(ids);
      changed.set(index, id);
      return new Batch(rows, length, changed, segments);
    }

    Batch withSegment(int index, int segment) {
      List<Integer> changed = new ArrayList<>(segments);
      changed.set(index, segment);
      return new Batch(rows, length, ids, changed);
    }

    /** A row without its padding. */
    Batch alone(int row) {
      int from = row * length;
      int real = (int) mask().subList(from, from + length).stream().filter(m -> m == 1).count();
      return new Batch(
          1, real, ids.subList(from, from + real), segments.subList(from, from + real));
    }

    Batch withoutSegments() {
      return new Batch(rows, length, ids, ids.stream().map(id -> 0).toList());
    }

    private List<Integer> mask() {
      return IntStream.range(0, rows * length)
          .map(i -> i / length % 2 == 1 && 2 * (i % length) > length ? 0 : 1)
          .boxed()
          .toList();
    }

    private Map<String, List<Integer>> byKey() {
      return Map.of("input_ids", ids, "input_mask", mask(), "segment_ids", segments);
    }
  }

  /** The caller closes it. */
  private static Tensor ints(List<Integer> values, int rows, int length, DataType type) {
    Shape shape = Shape.of(rows, length);
    if (type == DataType.DT_INT64) {
      long[] wide = values.stream().mapToLong(Integer::longValue).toArray();
      return TInt64.tensorOf(shape, DataBuffers.of(wide));
    }
    int[] narrow = values.stream().mapToInt(Integer::intValue).toArray();
    return TInt32.tensorOf(shape, DataBuffers.of(narrow));
  }

  @MustBeClosed
  private SavedModelBundle load(ServingModel model) {
    Path folder = temp.resolve("model" + loaded++);
    SavedModelWriter.write(folder, model, Map.of());
    return SavedModelBundle.load(folder.toString(), "serve");
  }

  /** Whole models with a step for each output channel: the answers of the training graph. */
  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8,true",
    "TF1_BERT_RESOURCE,2-8-8,true",
    "HUGGING_FACE,8-8-8,true",
    "MODEL_GARDEN,4-8-8,true",
    "DISTIL_BERT,3-8-8,true",
    "TF1_BERT,4-8-8,false",
    "MODEL_GARDEN,2-8-8,false"
  })
  void predictionsWithAStepAChannelAreTheTrainingGraphs(
      TinyModel tiny, String bits, boolean packed) {
    assertPredictionsEqual(tiny, bits, Granularity.CHANNEL, packed);
  }

  private static ServingModel export(TrainedTinyModel trained, boolean packed) {
    return packed
        ? Export.toPacked(trained.model, trained.quantization, trained, Compute.INTEGER)
        : Export.toFloat(trained.model, trained.quantization, trained);
  }

  /** The outputs of a signature, each as floats. */
  private static Map<String, float[]> run(SavedModelBundle bundle, String signature, Batch batch) {
    SignatureDef definition = bundle.metaGraphDef().getSignatureDefOrThrow(signature);
    Map<String, Tensor> inputs = new HashMap<>();
    definition
        .getInputsMap()
        .forEach(
            (key, info) ->
                inputs.put(
                    key,
                    ints(
                        Objects.requireNonNull(batch.byKey().get(key), key),
                        batch.rows(),
                        batch.length(),
                        info.getDtype())));
    try (Result result = bundle.function(signature).call(inputs)) {
      Map<String, float[]> outputs = new HashMap<>();
      for (String key : definition.getOutputsMap().keySet()) {
        Tensor tensor = result.get(key).orElseThrow();
        outputs.put(
            key, tensor instanceof TInt32 ints ? floats(ints) : TrainedTinyModel.floats(tensor));
      }
      return outputs;
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  private static float[] floats(TInt32 ints) {
    float[] values = new float[(int) ints.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = ints.getInt(i);
    }
    return values;
  }

  private static float[] output(Map<String, float[]> outputs, String key) {
    return Objects.requireNonNull(outputs.get(key), key);
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-8-8,true",
    "TF1_BERT_RESOURCE,4-8-8,true",
    "TF1_BERT,8-8-8,true",
    "TF1_BERT,4-8-8,false",
    "TF1_BERT_RESOURCE,2-2-8,false",
    "HUGGING_FACE,4-8-8,true",
    "MODEL_GARDEN,4-8-8,true",
    "HUGGING_FACE,2-8-8,false",
    "MODEL_GARDEN,2-8-8,false",
    "CLASSIFIER,4-8-8,true",
    "DISTIL_BERT,8-8-8,true",
    "DISTIL_BERT,2-8-8,true",
    "DISTIL_BERT,3-8-8,true"
  })
  void predictionsAreTheTrainingGraphs(TinyModel tiny, String bits, boolean packed) {
    assertPredictionsEqual(tiny, bits, Granularity.TENSOR, packed);
  }

  private void assertPredictionsEqual(
      TinyModel tiny, String bits, Granularity granularity, boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Batch batch = Batch.random(ROWS, 17);
      Map<String, Tensor> fed = new HashMap<>();
      trained
          .model
          .inputs()
          .forEach(
              input ->
                  fed.put(
                      input.tensor(),
                      ints(
                          Objects.requireNonNull(batch.byKey().get(input.role().signatureName())),
                          batch.rows(),
                          batch.length(),
                          DataType.DT_INT32)));
      float[] logits;
      try {
        logits = trained.logitsInTraining(fed);
      } finally {
        fed.values().forEach(Tensor::close);
      }
      float[] expected = new float[ROWS];
      for (int row = 0; row < ROWS; row++) {
        expected[row] = largest(logits, row);
      }
      assertArrayEquals(
          expected,
          output(run(bundle, ServingModel.DEFAULT, batch), "label"),
          Arrays.toString(logits));
      assertFalse(allEqual(expected), "rows have different answers");
    }
  }

  /** What Python's TensorFlow was given, by the names of the signature. */
  private static Map<String, Tensor> inputs(TrainedTinyModel trained) {
    Map<String, Tensor> inputs = new HashMap<>();
    trained
        .model
        .inputs()
        .forEach(
            input -> inputs.put(input.role().signatureName(), trained.tiny.input(input.role())));
    return inputs;
  }

  /** In a process of its own, as TensorFlow reads the switch once. */
  private static Map<String, List<Float>> labelsWithoutOneDnn(Path folder)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                WithoutOneDnn.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("TF_ENABLE_ONEDNN_OPTS", "0");
    Process process = builder.start();
    Map<String, List<Float>> labels = new HashMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line : lines.lines().toList()) {
        List<String> words = List.of(line.split(" "));
        labels.put(words.get(0), words.stream().skip(1).map(Float::parseFloat).toList());
      }
    }
    assertEquals(0, process.waitFor());
    return labels;
  }

  /** Prints each signature and the labels that it gives. */
  static final class WithoutOneDnn {
    private WithoutOneDnn() {}

    public static void main(String[] arguments) {
      try (SavedModelBundle bundle = SavedModelBundle.load(arguments[0], "serve")) {
        for (String signature : List.of(ServingModel.DEFAULT, ServingModel.FLOAT)) {
          StringBuilder line = new StringBuilder(signature);
          for (float label : output(run(bundle, signature, Batch.random(ROWS, 17)), "label")) {
            line.append(' ').append(label);
          }
          System.out.println(line);
        }
      }
    }
  }

  private static int largest(float[] logits, int row) {
    int best = 0;
    for (int c = 1; c < TrainedTinyModel.CLASSES; c++) {
      if (logits[row * TrainedTinyModel.CLASSES + c]
          > logits[row * TrainedTinyModel.CLASSES + best]) {
        best = c;
      }
    }
    return best;
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,4-4-32,TENSOR,false",
    "TF1_BERT,4-4-32,TENSOR,true",
    "TF1_BERT,2-8-32,TENSOR,true",
    "TF1_BERT,8-32-32,TENSOR,true",
    "TF1_BERT_RESOURCE,2-3-32,CHANNEL,true",
    "HUGGING_FACE,2-3-32,TENSOR,true",
    "HUGGING_FACE,4-4-32,CHANNEL,false",
    "MODEL_GARDEN,3-2-32,TENSOR,true",
    "MODEL_GARDEN,4-4-32,TENSOR,false",
    "CLASSIFIER,4-3-32,TENSOR,true",
    "CLASSIFIER,2-4-32,TENSOR,false",
    "DISTIL_BERT,2-2-32,CHANNEL,true",
    "DISTIL_BERT,4-4-32,TENSOR,false"
  })
  void logitsWithoutActivationQuantizersAreTheTrainingGraphs(
      TinyModel tiny, String bits, Granularity granularity, boolean packed) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES)) {
      assertOutputIsLogits(trained, packed, "logits");
    }
  }

  /** As in encoders that multiply the rows of their words at once, without a layer norm before. */
  @ParameterizedTest
  @CsvSource({"2-4-32,false", "2-4-32,true", "4-2-8,false", "4-2-8,true", "4-32-8,true"})
  void rowsThatAreALayersInputAreTheTrainingGraphs(String bits, boolean packed) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    BertStructure structure = BertStructure.of(model);
    String words =
        structure.embeddings().stream()
            .filter(lookup -> lookup.role() == InputRole.IDS)
            .findFirst()
            .orElseThrow()
            .node();
    String input = structure.layerInputs().get(0);
    GraphEditor editor = model.edit();
    structure.layers().stream()
        .filter(layer -> layer.input().equals(input))
        .forEach(layer -> editor.setInput(new GraphEditor.Use(layer.product(), 0), words));
    try (TrainedTinyModel trained =
        new TrainedTinyModel(
            TinyModel.TF1_BERT,
            model.with(editor),
            bits,
            Granularity.TENSOR,
            TrainedTinyModel.CLASSES)) {
      assertEquals(words, trained.structure.layerInputs().get(0));
      assertOutputIsLogits(trained, packed, "logits");
    }
  }

  private void assertOutputIsLogits(TrainedTinyModel trained, boolean packed, String output) {
    try (SavedModelBundle bundle =
            load(
                packed
                    ? Export.toPacked(trained.model, trained.quantization, trained, Compute.FLOAT)
                    : export(trained, false));
        Result result = bundle.call(inputs(trained))) {
      float[] expected = trained.logitsInTraining();
      assertArrayEquals(
          expected,
          TrainedTinyModel.floats(result.get(output).orElseThrow()),
          RELATIVE_TOLERANCE * RewrittenModelTest.max(expected));
    }
  }

  @Test
  void computingInFloatEverySignatureIsTheFloatOne() {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      ServingModel integer = export(trained, true);
      ServingModel inFloat =
          Export.toPacked(trained.model, trained.quantization, trained, Compute.FLOAT);
      assertTrue(products(integer) > 0);
      assertEquals(0, products(inFloat));
      assertEquals(integer.signatures().keySet(), inFloat.signatures().keySet());
      Batch batch = Batch.random(13, 7);
      Map<String, Map<String, float[]>> outputs = everySignature(inFloat, batch);
      try (SavedModelBundle bundle = load(integer)) {
        float[] expected = output(run(bundle, ServingModel.FLOAT, batch), "logits");
        for (String signature : List.of(ServingModel.DEFAULT, ServingModel.FLOAT)) {
          assertArrayEquals(
              expected,
              output(Objects.requireNonNull(outputs.get(signature)), "logits"),
              signature);
        }
      }
    }
  }

  private static long products(ServingModel model) {
    return model.graph().getNodeList().stream()
        .filter(node -> node.getOp().equals(IntegerLinear.PRODUCT))
        .count();
  }

  @Test
  void withoutOneDnnTheAnswersAreTheSame() throws IOException, InterruptedException {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES)) {
      Path folder = temp.resolve("plain");
      SavedModelWriter.write(folder, export(trained, true), Map.of());
      Map<String, List<Float>> plain = labelsWithoutOneDnn(folder);
      try (SavedModelBundle bundle = SavedModelBundle.load(folder.toString(), "serve")) {
        for (String signature : List.of(ServingModel.DEFAULT, ServingModel.FLOAT)) {
          float[] labels = output(run(bundle, signature, Batch.random(ROWS, 17)), "label");
          assertEquals(Floats.asList(labels), plain.get(signature), signature);
          assertFalse(allEqual(labels), "rows have different answers");
        }
      }
    }
  }

  /** {@code table[:T]} where exporters that were tried write {@code table[0:T, 0:width]}. */
  @ParameterizedTest
  @ValueSource(strings = {"4-8-8", "4-4-8", "4-3-8"})
  void aTableThatIsSlicedByItsRowsAloneIsUnpacked(String bits) {
    ModelGraph read = TinyModel.MODEL_GARDEN.read();
    GraphEditor editor = read.edit();
    NodeDef slice =
        editor.nodes().stream()
            .filter(node -> node.getName().endsWith("position_embedding/strided_slice_1"))
            .findFirst()
            .orElseThrow();
    NodeDef end = editor.node(GraphEditor.input(slice, 2));
    editor.put(
        end.toBuilder()
            .setName("end")
            .removeAttr("_output_shapes")
            .clearInput()
            .addInput(end.getInput(0))
            .putAttr("N", AttrValue.newBuilder().setI(1).build())
            .build());
    editor.put(Constants.constant("begin", DataType.DT_INT32, List.of(1L), int32(0)));
    editor.put(Constants.constant("strides", DataType.DT_INT32, List.of(1L), int32(1)));
    editor.put(
        slice.toBuilder()
            .setInput(1, "begin")
            .setInput(2, "end")
            .setInput(3, "strides")
            .putAttr("begin_mask", AttrValue.newBuilder().setI(1).build())
            .putAttr("end_mask", AttrValue.newBuilder().setI(0).build())
            .build());
    try (TrainedTinyModel rows =
            new TrainedTinyModel(
                TinyModel.MODEL_GARDEN,
                read.with(editor),
                bits,
                Granularity.TENSOR,
                TrainedTinyModel.CLASSES);
        TrainedTinyModel both =
            new TrainedTinyModel(TinyModel.MODEL_GARDEN, bits, TrainedTinyModel.CLASSES);
        SavedModelBundle ofRows = load(export(rows, true));
        SavedModelBundle ofBoth = load(export(both, true))) {
      Batch batch = Batch.random(3, 7);
      assertArrayEquals(
          output(run(ofBoth, ServingModel.DEFAULT, batch), "logits"),
          output(run(ofRows, ServingModel.DEFAULT, batch), "logits"));
    }
  }

  private static ByteBuffer int32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(0, value);
  }

  @ParameterizedTest
  @CsvSource({"1,1,true", "3,11,true", "13,40,true", "1,40,false", "7,1,false"})
  void everyBatchAndLengthHasProbabilitiesAndLabels(int rows, int length, boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Map<String, float[]> outputs = run(bundle, ServingModel.DEFAULT, Batch.random(rows, length));
      float[] logits = output(outputs, "logits");
      assertEquals(rows * TrainedTinyModel.CLASSES, logits.length);
      for (int row = 0; row < rows; row++) {
        double sum = 0;
        for (int c = 0; c < TrainedTinyModel.CLASSES; c++) {
          sum += Math.exp(logits[row * TrainedTinyModel.CLASSES + c]);
        }
        for (int c = 0; c < TrainedTinyModel.CLASSES; c++) {
          int i = row * TrainedTinyModel.CLASSES + c;
          assertEquals(
              Math.exp(logits[i]) / sum, output(outputs, "probabilities")[i], SOFTMAX_TOLERANCE);
        }
        assertEquals(largest(logits, row), (int) output(outputs, "label")[row]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void otherSignaturesGiveTheSameAnswers(boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(TinyModel.TF1_BERT_RESOURCE, "4-8-8", TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Batch batch = Batch.random(13, 7);
      Map<String, float[]> outputs = run(bundle, ServingModel.DEFAULT, batch);
      Map<String, float[]> single = run(bundle, ServingModel.DEFAULT, batch.withoutSegments());
      for (String key : List.of("logits", "probabilities", "label")) {
        assertArrayEquals(
            output(outputs, key), output(run(bundle, ServingModel.INT64, batch), key), key);
        assertArrayEquals(
            output(single, key), output(run(bundle, ServingModel.NO_SEGMENTS, batch), key), key);
      }
      assertTrue(
          !Arrays.equals(output(outputs, "logits"), output(single, "logits")),
          "segments have an effect");
      if (packed) {
        assertArrayEquals(
            output(outputs, "label"), output(run(bundle, ServingModel.FLOAT, batch), "label"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void whatTheTablesHaveNoRowForIsAnError(boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Batch batch = Batch.random(2, 5);
      assertRefused(bundle, ServingModel.DEFAULT, batch.withId(6, VOCABULARY));
      assertRefused(bundle, ServingModel.DEFAULT, batch.withId(6, -1));
      assertRefused(bundle, ServingModel.INT64, batch.withId(6, VOCABULARY));
      assertRefused(bundle, ServingModel.DEFAULT, Batch.random(2, POSITIONS + 1));
      if (packed) {
        assertRefused(bundle, ServingModel.DEFAULT, batch.withSegment(3, SEGMENTS));
      }
      // One more than int32 counts to would be id 0 if it were only cut off.
      try (Tensor ids = TInt64.tensorOf(Shape.of(1, 1), DataBuffers.of(1L << 32));
          Tensor ones = TInt64.tensorOf(Shape.of(1, 1), DataBuffers.of(1L))) {
        Map<String, Tensor> inputs =
            Map.of("input_ids", ids, "input_mask", ones, "segment_ids", ones);
        assertThrows(
            TFInvalidArgumentException.class,
            () -> bundle.function(ServingModel.INT64).call(inputs).close());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"TF1_BERT,true", "HUGGING_FACE,true", "TF1_BERT,false"})
  void aRowAloneHasTheAnswerThatItHasAmongOthers(TinyModel tiny, boolean packed) {
    int rows = 32;
    try (TrainedTinyModel trained = new TrainedTinyModel(tiny, "4-8-8", TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Batch batch = Batch.random(rows, 17);
      float[] among = output(run(bundle, ServingModel.DEFAULT, batch), "label");
      float[] alone = new float[rows];
      for (int row = 0; row < rows; row++) {
        alone[row] = output(run(bundle, ServingModel.DEFAULT, batch.alone(row)), "label")[0];
      }
      assertArrayEquals(among, alone);
      assertFalse(allEqual(among), "rows have different answers");
    }
  }

  private static boolean allEqual(float[] values) {
    return IntStream.range(0, values.length).allMatch(i -> values[i] == values[0]);
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void anEmptyBatchHasNoAnswers(boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(TinyModel.TF1_BERT, "4-8-8", TrainedTinyModel.CLASSES);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Map<String, float[]> outputs = run(bundle, ServingModel.DEFAULT, Batch.random(0, 7));
      assertEquals(0, output(outputs, "logits").length);
      assertEquals(0, output(outputs, "label").length);
    }
  }

  private static void assertRefused(SavedModelBundle bundle, String signature, Batch batch) {
    assertThrows(TFInvalidArgumentException.class, () -> run(bundle, signature, batch));
  }

  /** The mean square, row by row: scores [B, 1] and labels [B] are no table [B, B]. */
  @Test
  void theLossOfRegressionIsTheMeanSquare() {
    try (TrainedTinyModel trained = new TrainedTinyModel(TinyModel.TF1_BERT, "8-8-8", 1);
        TFloat32 labels = TFloat32.vectorOf(0.5f, 4.25f, -2f)) {
      float[] scores = trained.logitsInTraining();
      assertEquals(3, scores.length);
      double expected = 0;
      for (int row = 0; row < scores.length; row++) {
        double error = scores[row] - labels.getFloat(row);
        expected += error * error / scores.length;
      }
      String loss = trained.training.loss().op().name();
      float[] found =
          Objects.requireNonNull(
              trained
                  .inTraining(Map.of(trained.training.labels().op().name(), labels), List.of(loss))
                  .get(loss));
      assertEquals(expected, found[0], 1e-6 * expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"8-8-32,true", "8-8-32,false"})
  void aScoreIsTheTrainingGraphs(String bits, boolean packed) {
    try (TrainedTinyModel trained = new TrainedTinyModel(TinyModel.TF1_BERT, bits, 1)) {
      assertOutputIsLogits(trained, packed, "score");
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void regressionHasAScore(boolean packed) {
    try (TrainedTinyModel trained = new TrainedTinyModel(TinyModel.TF1_BERT, "8-8-8", 1);
        SavedModelBundle bundle = load(export(trained, packed))) {
      Map<String, float[]> outputs = run(bundle, ServingModel.DEFAULT, Batch.random(5, 9));
      assertEquals(Set.of("score"), outputs.keySet());
      assertEquals(5, output(outputs, "score").length);
      assertEquals(
          1,
          bundle
              .metaGraphDef()
              .getSignatureDefOrThrow(ServingModel.DEFAULT)
              .getOutputsOrThrow("score")
              .getTensorShape()
              .getDimCount());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TF1_BERT,2-2-8,TENSOR",
    "TF1_BERT_RESOURCE,3-4-8,TENSOR",
    "HUGGING_FACE,4-3-8,TENSOR",
    "MODEL_GARDEN,4-8-4,TENSOR",
    "DISTIL_BERT,8-8-8,TENSOR",
    "TF1_BERT,2-2-8,CHANNEL",
    "HUGGING_FACE,4-3-8,CHANNEL"
  })
  void int8GivesWhatPackedGivesToTheLastBit(TinyModel tiny, String bits, Granularity granularity) {
    try (TrainedTinyModel trained =
        new TrainedTinyModel(tiny, bits, granularity, TrainedTinyModel.CLASSES)) {
      Batch batch = Batch.random(13, 7);
      Map<String, Map<String, float[]>> packed = everySignature(export(trained, true), batch);
      Map<String, Map<String, float[]>> bytes =
          everySignature(
              Export.toInt8(trained.model, trained.quantization, trained, Compute.INTEGER), batch);
      assertEquals(packed.keySet(), bytes.keySet());
      packed.forEach(
          (signature, outputs) ->
              outputs.forEach(
                  (key, values) ->
                      assertArrayEquals(
                          values,
                          output(Objects.requireNonNull(bytes.get(signature)), key),
                          signature + " " + key)));
    }
  }

  private Map<String, Map<String, float[]>> everySignature(ServingModel model, Batch batch) {
    Map<String, Map<String, float[]>> outputs = new HashMap<>();
    try (SavedModelBundle bundle = load(model)) {
      for (String signature : model.signatures().keySet()) {
        outputs.put(signature, run(bundle, signature, batch));
      }
    }
    return outputs;
  }

  @ParameterizedTest
  @CsvSource({
    "2-8-8,TENSOR,true",
    "3-8-8,TENSOR,true",
    "4-8-8,TENSOR,true",
    "8-8-8,TENSOR,true",
    "4-8-8,TENSOR,false",
    "2-8-8,CHANNEL,true",
    "3-8-8,CHANNEL,true",
    "4-8-8,CHANNEL,true",
    "8-8-8,CHANNEL,true",
    "4-8-8,CHANNEL,false"
  })
  void integerProductsSeeConstantWeights(String bits, Granularity granularity, boolean packed) {
    try (TrainedTinyModel trained =
            new TrainedTinyModel(TinyModel.TF1_BERT, bits, granularity, TrainedTinyModel.CLASSES);
        SavedModelBundle bundle =
            load(
                packed
                    ? export(trained, true)
                    : Export.toInt8(
                        trained.model, trained.quantization, trained, Compute.INTEGER));
        var ids = trained.tiny.input(InputRole.IDS);
        var mask = trained.tiny.input(InputRole.MASK);
        var segments = trained.tiny.input(InputRole.SEGMENTS);
        Result result =
            bundle
                .session()
                .runner()
                .setOptions(RunOptions.newBuilder().setOutputPartitionGraphs(true).build())
                .feed("input_ids", ids)
                .feed("input_mask", mask)
                .feed("segment_ids", segments)
                .fetch("outputs/logits")
                .runAndFetchMetadata()) {
      List<NodeDef> products =
          result.getMetadata().orElseThrow().getPartitionGraphs(0).getNodeList().stream()
              .filter(node -> node.getOp().contains("QuantizedMatMul"))
              .toList();
      assertEquals(13, products.size());
      assertTrue(
          products.stream().allMatch(node -> node.getAttrOrThrow("is_weight_const").getB()),
          products.toString());
    }
  }
}
