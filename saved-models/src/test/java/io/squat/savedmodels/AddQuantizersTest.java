package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.proto.NodeDef;

/** The shapes of step sizes and the factors of their gradients: pairwise different kernels. */
class AddQuantizersTest {
  private static final int GRADIENT_SCALE_INDEX = 3;
  private static final double QP_OF_4_BITS = 7;
  private static final double QP_OF_8_BITS = 127;

  @ParameterizedTest
  @EnumSource
  void aStepIsOfTheWeightsThatShareIt(Granularity granularity) {
    ModelGraph model = TinyModel.TF1_BERT.read();
    Quantization quantization = new Quantization(BitWidths.parse("4-8-8"), null, granularity);
    ModelGraph with = new AddQuantizers(quantization, BertStructure.of(model)).apply(model);
    GraphEditor graph = with.edit();
    for (Quantizer quantizer : with.quantizers()) {
      boolean columns =
          granularity == Granularity.CHANNEL && quantizer.kind() == Quantizer.Kind.WEIGHT;
      ModelVariable step = with.variable(quantizer.stepSize());
      List<Long> shape =
          quantizer.kind() == Quantizer.Kind.ACTIVATION
              ? List.of()
              : with.variable(quantizer.source()).shape();
      assertEquals(columns ? shape.subList(1, 2) : List.of(), step.shape(), step.name());
      double expected =
          switch (quantizer.kind()) {
            case WEIGHT ->
                1 / Math.sqrt(shape.get(0) * (columns ? 1 : shape.get(1)) * QP_OF_4_BITS);
            case EMBEDDING -> 1 / Math.sqrt(shape.get(0) * shape.get(1) * QP_OF_8_BITS);
            // 48 features, or the 80 between the two layers of a feed-forward block.
            case ACTIVATION -> 1 / Math.sqrt((isWide(model, quantizer) ? 80 : 48) * QP_OF_8_BITS);
          };
      for (Quantizer.Site site : quantizer.sites()) {
        NodeDef identity = graph.node(site.output());
        assertEquals("IdentityN", identity.getOp());
        assertEquals(
            (float) expected,
            Nodes.scalarValue(graph.node(identity.getInput(GRADIENT_SCALE_INDEX))).orElseThrow(),
            step.name());
      }
    }
    assertEquals(
        2,
        with.quantizers().stream()
            .filter(q -> q.kind() == Quantizer.Kind.ACTIVATION && isWide(model, q))
            .count());
    assertEquals(
        13, with.quantizers().stream().filter(q -> q.kind() == Quantizer.Kind.WEIGHT).count());
  }

  private static boolean isWide(ModelGraph model, Quantizer quantizer) {
    return TensorShapes.lastDimension(model, quantizer.source()) == 80;
  }
}
