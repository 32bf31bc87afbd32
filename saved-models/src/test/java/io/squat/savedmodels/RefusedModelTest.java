package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorInfo;

/** Models that could be read but not trained, or not as they are meant. */
class RefusedModelTest {
  private static final String SEQUENCE = "sequence_output";

  @TempDir Path folder;

  private final EditedModel edited = new EditedModel(TinyModel.TF1_BERT);

  private String refused() {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> edited.read(folder)).getMessage());
  }

  private static NodeDef node(String name, String op, DataType type, String... inputs) {
    return NodeDef.newBuilder()
        .setName(name)
        .setOp(op)
        .addAllInput(List.of(inputs))
        .putAttr("T", Nodes.type(type))
        .build();
  }

  private TensorInfo sequence(String tensor) {
    return edited.output(SEQUENCE).toBuilder().setName(tensor + ":0").build();
  }

  private String sequence() {
    return GraphEditor.tensor(edited.output(SEQUENCE).getName());
  }

  @ParameterizedTest
  @ValueSource(strings = {"logits", "prediction_logits"})
  void scoresOfTokensAreNoRepresentation(String key) {
    edited.onlyOutput(key, edited.output(SEQUENCE));
    assertEquals(
        folder
            + ": output "
            + key
            + ": expected the representation of tokens, such as sequence_output or"
            + " last_hidden_state, found the scores of a head, as of a token classifier or a masked"
            + " language model; save the encoder without its head",
        refused());
  }

  /** By what they are, where the name does not tell. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void whatALastMatrixGivesForTokensIsNoRepresentation(boolean probabilities) {
    String layer =
        BertStructure.of(TinyModel.TF1_BERT.read()).layers().stream()
            .filter(found -> found.weight().contains("intermediate"))
            .findFirst()
            .orElseThrow()
            .output();
    edited.add(
        List.of(
            Nodes.vector("scores/shape", -1, 11, 80),
            Nodes.reshape("scores", layer, "scores/shape"),
            node("scores/probabilities", "Softmax", DataType.DT_FLOAT, "scores")));
    edited.onlyOutput("tags", sequence(probabilities ? "scores/probabilities" : "scores"));
    String message = refused();
    assertTrue(message.startsWith(folder + ": output tags: expected the representation"), message);
  }

  @Test
  void anEncodersOnlyOutputMayHaveAnyName() {
    edited.onlyOutput("encoded", edited.output(SEQUENCE));
    assertEquals(Set.of("encoded"), edited.read(folder).outputs().keySet());
  }

  @ParameterizedTest
  @CsvSource({"true,input position_ids", "false,placeholder"})
  void whatElseHasToBeFedIsRefusedByName(boolean inSignature, String named) {
    edited.add(
        List.of(
            Nodes.placeholder("extra", DataType.DT_FLOAT),
            node("product", "Mul", DataType.DT_FLOAT, sequence(), "extra")));
    if (inSignature) {
      edited.input(
          "position_ids",
          TensorInfo.newBuilder().setName("extra:0").setDtype(DataType.DT_FLOAT).build());
    }
    edited.onlyOutput(SEQUENCE, sequence("product"));
    assertEquals(
        folder
            + ": "
            + named
            + " (node extra): expected outputs that need no inputs but ids, mask and segments, found"
            + " that they need this one too; save the model with a signature without it",
        refused());
  }

  @Test
  void anInputThatNothingNeedsIsNoMatter() {
    edited.add(List.of(Nodes.placeholder("extra", DataType.DT_FLOAT)));
    edited.input(
        "position_ids",
        TensorInfo.newBuilder().setName("extra:0").setDtype(DataType.DT_FLOAT).build());
    assertEquals(3, edited.read(folder).inputs().size());
  }

  /** As Keras saves a model under the policy mixed_float16. */
  @ParameterizedTest
  @ValueSource(strings = {"HALF", "BFLOAT16", "DOUBLE"})
  void aProductInAnotherPrecisionIsRefused(String precision) {
    DataType type = DataType.valueOf("DT_" + precision);
    String kernel = BertStructure.of(TinyModel.TF1_BERT.read()).layers().get(0).weight();
    edited.add(
        List.of(
            Nodes.cast("kernel16", kernel + "/read", DataType.DT_FLOAT, type),
            Nodes.cast("x16", sequence(), DataType.DT_FLOAT, type),
            node("dense", "Einsum", type, "x16", "kernel16").toBuilder()
                .putAttr("equation", Nodes.text("abc,cd->abd"))
                .putAttr("N", AttrValue.newBuilder().setI(2).build())
                .build(),
            Nodes.cast("y", "dense", type, DataType.DT_FLOAT)));
    edited.onlyOutput(SEQUENCE, sequence("y"));
    assertEquals(
        folder
            + ": node dense: expected a product in float32, found Einsum in "
            + precision
            + "; save the model without mixed precision, in Keras under the policy float32",
        refused());
  }
}
