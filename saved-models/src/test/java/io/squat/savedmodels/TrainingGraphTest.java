package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.NodeDef;

class TrainingGraphTest {
  /** Its kernel for GPUs is refused where results are to be the same run after run. */
  @Test
  void crossEntropyIsOnTheCpu() {
    ModelGraph model = Rewriting.withHead(TinyModel.TF1_BERT.read(), 2);
    try (TrainingGraph training = TrainingGraph.build(model, Quantization.NONE, false)) {
      assertEquals(
          List.of("/device:CPU:0"),
          training.graph().toGraphDef().getNodeList().stream()
              .filter(node -> node.getOp().equals("SoftmaxCrossEntropyWithLogits"))
              .map(NodeDef::getDevice)
              .toList());
    }
  }
}
