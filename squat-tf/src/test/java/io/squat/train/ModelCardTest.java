package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.files.RecordFiles;
import io.squat.glue.Casing;
import io.squat.glue.GlueTask;
import io.squat.glue.OwnTask;
import io.squat.glue.TableColumns;
import io.squat.glue.Task;
import io.squat.ops.Granularity;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.ServingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/** Cards of a run whose files are made up. */
class ModelCardTest {
  private static final String BERT_BASE =
      "dc613caf80d97aef575dc2faaf69dcda542020491550d67267df7fb0f6cdc3ec";

  @TempDir Path folder;
  private RunFolder run;

  @BeforeEach
  void name() {
    run = new RunFolder(folder.resolve("run"));
  }

  private void open(Task task, String model, Granularity granularity) throws IOException {
    RunSettings settings =
        new RunSettings(
            task,
            "a1".repeat(32),
            "b2".repeat(32),
            model,
            SavedModelReader.Choice.DEFAULT,
            Casing.UNCASED,
            Method.SQUAT,
            "2-3-8",
            null,
            granularity,
            "within",
            0.01,
            3,
            2,
            8,
            77,
            OptimizerSettings.DEFAULT,
            null,
            null,
            11);
    run.open(settings, TinyBert.folder().resolve("saved_model.pb"), TinyBert.vocabulary());
    stage(StageSettings.FLOAT, 0.51, 0.52, 0.5349);
    stage(StageSettings.QUANTIZED, 0.41, 0.4449);
  }

  /** A stage of 23 dev rows and 1,345,678 bytes of variables. */
  private void stage(String stage, double... metrics) throws IOException {
    Path model = Files.createDirectories(run.stage(stage).model());
    List<DevScore> scores = new ArrayList<>();
    for (double metric : metrics) {
      Map<String, Double> named = new LinkedHashMap<>();
      run.settings().task().metrics().forEach(name -> named.put(name.displayName(), metric));
      scores.add(new DevScore(scores.size() + 1, named));
    }
    RecordFiles.write(model.resolve("scores.json"), scores);
    Files.writeString(model.resolve("dev-predictions.txt"), "1.0\n".repeat(23));
    Files.write(model.resolve("variables.index"), new byte[345_678]);
    Files.write(model.resolve("variables.data-00000-of-00001"), new byte[1_000_000]);
  }

  private static ServingModel model(String operation, boolean segments, String output) {
    SignatureDef.Builder signature =
        SignatureDef.newBuilder()
            .putInputs("input_ids", tensor(DataType.DT_INT32, -1, -1))
            .putInputs("input_mask", tensor(DataType.DT_INT32, -1, -1))
            .putOutputs(output, tensor(DataType.DT_FLOAT, -1));
    if (segments) {
      signature.putInputs("segment_ids", tensor(DataType.DT_INT32, -1, -1));
    }
    return new ServingModel(
        GraphDef.newBuilder()
            .addNode(NodeDef.newBuilder().setName("product").setOp(operation))
            .build(),
        Map.of("serving_default", signature.build()),
        null);
  }

  private static TensorInfo tensor(DataType type, long... sizes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long size : sizes) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return TensorInfo.newBuilder().setDtype(type).setTensorShape(shape).build();
  }

  private String card(String stage, ServingFormat format, ServingModel model) {
    return new ModelCard(run, stage, format, model, 77, "squat 7").text(2_345_678);
  }

  private static void assertHas(String card, String... parts) {
    for (String part : parts) {
      assertTrue(card.contains(part), () -> "expected " + part + " in\n" + card);
    }
  }

  private static void assertLacks(String card, String... parts) {
    for (String part : parts) {
      assertFalse(card.contains(part), () -> "expected no " + part + " in\n" + card);
    }
  }

  @Test
  void aPackedModelSaysHowItWasMadeAndWhatItNeeds() throws IOException {
    open(GlueTask.RTE, BERT_BASE, Granularity.CHANNEL);
    run.writeData(new RunData(2490, 23, 60, 70, 77));
    String card =
        card(
            StageSettings.QUANTIZED,
            ServingFormat.PACKED,
            model("_MklQuantizedMatMulWithBiasAndDequantize", true, "label"));
    assertHas(
        card,
        "# RTE, 2-3-8\n",
        "(two texts a row). Its classes, in the order of the outputs: `entailment`,"
            + " `not_entailment`.",
        "| base model | `bert-base-uncased`, Google's BERT-base of TF Hub (Devlin et al., 2019) |",
        "| method | `squat` |",
        "| bits W-E-A | 2-3-8: of linear weights, embeddings and activations; 32 is float |",
        "| levels of linear weights | symmetric, -1 to 1 |",
        "| step sizes of linear weights | one an output channel |",
        "| epochs | 3 in float, then 2 with quantizers |",
        "| seed | 11 |",
        "| longest row | 77 tokens; longer ones are cut |",
        "| format | `packed`: quantized weights and tables in as few bits as they have |",
        "| this folder | 2.3 MB without this file |",
        "| the float model's weights | 1.3 MB, the variables that the float stage ended with |",
        "on the 23 rows of the dev file with SHA-256 `" + "b2".repeat(32) + "`",
        """
        | stage | epoch | accuracy |
        |---|---|---|
        | float | 3 of 3 | 53.5 |
        | quantized 2-3-8 | 2 of 2 | 44.5 |
        """,
        "- Trained on 2490 rows of the training file in GLUE's layout of RTE with SHA-256 `"
            + "a1".repeat(32)
            + "`.\n",
        "- GLUE's rows of RTE are from the textual entailment challenges",
        "- Licence of the base model: Apache-2.0.\n",
        "| `serving_default` | `input_ids` int32 [-1, -1], `input_mask` int32 [-1, -1],"
            + " `segment_ids` int32 [-1, -1] | `label` float32 [-1] |\n",
        "Op type not registered '_MklQuantizedMatMulWithBiasAndDequantize'",
        "`--compute float`",
        "stock operations, on GPUs too",
        "segment_ids=tf.zeros_like(ids))",
        "print(answer[\"label\"].numpy())",
        "one run with one seed (11)");
    assertLacks(card, "53.49", "0.51", "does not know");
    assertEquals(7, card.lines().filter(line -> line.startsWith("#")).count());
  }

  @Test
  void aFloatModelNeedsNothing() throws IOException {
    open(GlueTask.COLA, "c3".repeat(32), Granularity.TENSOR);
    String card =
        card(StageSettings.QUANTIZED, ServingFormat.FLOAT, model("MatMul", false, "label"));
    assertHas(
        card,
        "| base model | the one whose graph and variables' index have SHA-256 "
            + "c3".repeat(32)
            + " |",
        "- Licence of the base model: that of the base model, which this program does not know.\n",
        "| step sizes of linear weights | one a tensor |",
        "`float`: values of the quantizers' grids in float32",
        """
        | stage | epoch | Matthews | accuracy |
        |---|---|---|---|
        | float | 3 of 3 | 53.5 | 53.5 |
        """,
        "| quantized 2-3-8 | 2 of 2 | 44.5 | 44.5 |\n",
        "- Trained on the training file",
        "stock operations");
    assertLacks(card, "Mkl", "--compute", "tf.zeros_like", "serving_float");
  }

  @Test
  void aTaskOfOnesOwnHasTermsOfOnesOwn() throws IOException {
    open(
        new OwnTask(
            "reviews", new TableColumns(List.of("title", "body"), "stars"), List.of("0", "1", "2")),
        BERT_BASE,
        Granularity.TENSOR);
    String card =
        card(StageSettings.QUANTIZED, ServingFormat.FLOAT, model("MatMul", true, "label"));
    assertHas(
        card,
        "# reviews, 2-3-8\n",
        "a head for the task reviews (two texts a row). Its classes, in the order of the outputs: `0`,"
            + " `1`, `2`.",
        "| stage | epoch | accuracy |\n",
        "- Trained on a file with texts in `title` and `body` and labels in `stars` with SHA-256 `"
            + "a1".repeat(32)
            + "`.\n",
        "- The rows are from a table of your own. Terms: yours.\n");
    assertLacks(card, "GLUE");
  }

  @Test
  void theFloatStageOfAQuantizedRunIsAFloatModel() throws IOException {
    open(GlueTask.STSB, BERT_BASE, Granularity.TENSOR);
    String card = card(StageSettings.FLOAT, ServingFormat.FLOAT, model("MatMul", true, "score"));
    assertHas(
        card,
        "# STS-B, float\n",
        "It gives a row a score.",
        "| method | `fp` |",
        "| epochs | 3 in float |",
        "| float | 3 of 3 | 53.5 | 53.5 |\n",
        "`float`: float32 |",
        "print(answer[\"score\"].numpy())");
    assertLacks(card, "quantized", "2-3-8", "squat`", "levels", "classes");
  }
}
