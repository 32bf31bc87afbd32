package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.LsqQuantizer;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.proto.NodeDef;

/** The shapes of step sizes and the factors of their gradients: pairwise different kernels. */
class AddQuantizersTest {
  private static final int GRADIENT_SCALE_INDEX = 3;

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
      if (quantizer.kind() != Quantizer.Kind.ACTIVATION) {
        long sharing = columns ? shape.get(0) : shape.get(0) * shape.get(1);
        NodeDef identity = graph.node(quantizer.sites().get(0).output());
        assertEquals("IdentityN", identity.getOp());
        assertEquals(
            LsqQuantizer.gradientScale(sharing, quantizer.grid()),
            Nodes.scalarValue(graph.node(identity.getInput(GRADIENT_SCALE_INDEX))).orElseThrow(),
            step.name());
      }
    }
    assertEquals(
        13, with.quantizers().stream().filter(q -> q.kind() == Quantizer.Kind.WEIGHT).count());
  }
}
