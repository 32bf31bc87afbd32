package io.squat.savedmodels;

import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;

/** Whether there is a GPU: apart from {@link Device}, which help texts name without TensorFlow. */
final class GpuCheck {
  private GpuCheck() {}

  /**
   * Soft placement would take the CPU without a word; here a node is placed on the GPU or fails.
   */
  static void require(ConfigProto config) {
    DeviceSpec gpu =
        DeviceSpec.newBuilder().deviceType(DeviceSpec.DeviceType.GPU).deviceIndex(0).build();
    try (Graph graph = new Graph();
        Session session = new Session(graph, config)) {
      session.run(Ops.create(graph).withDevice(gpu).constant(1f));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "device: expected a GPU that TensorFlow can use, found none: it takes an NVIDIA driver,"
              + " CUDA 12, cuDNN 9 and a build with TensorFlow's GPU library; auto takes the CPU"
              + " where there is none",
          e);
    }
  }
}
