package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.tensorflow.exceptions.TensorFlowException;

class TensorFlowMessageTest {
  @Test
  void takesTheFirstOfSeveralErrors() {
    assertEquals(
        "(0) INVALID_ARGUMENT: indices[0,3] = 23 (node a)",
        TensorFlowMessage.of(
            new TensorFlowException(
                "2 root error(s) found.\n  (0) INVALID_ARGUMENT: indices[0,3] = 23\n\t [[{{node"
                    + " a}}]]\n  (1) OTHER")));
  }

  @Test
  void saysWhatToDoWithoutIntegerKernels() {
    assertEquals(
        "Missing 0-th output from {{node product}}; integer products need oneDNN, which this machine"
            + " or its settings lack: choose --signature serving_float",
        TensorFlowMessage.of(new TensorFlowException("Missing 0-th output from {{node product}}")));
    assertEquals(
        "Op type not registered '_MklX' in binary; integer products need a TensorFlow built with"
            + " oneDNN: export with --compute float",
        TensorFlowMessage.of(new TensorFlowException("Op type not registered '_MklX' in binary")));
  }

  @Test
  void namesTheExceptionWhereThereIsNoMessage() {
    assertEquals("TensorFlowException", TensorFlowMessage.of(new TensorFlowException("")));
  }
}
