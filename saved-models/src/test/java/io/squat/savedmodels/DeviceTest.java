package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.RewriterConfig;

class DeviceTest {
  @Test
  void gpuWithoutOneIsRefused() {
    assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "a GPU is here, so none is missing");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Device.GPU.config(1));
    assertTrue(
        String.valueOf(e.getMessage())
            .startsWith("device: expected a GPU that TensorFlow can use, found none"),
        e.getMessage());
  }

  @Test
  void onlyCpuHidesTheGpu() {
    assertEquals(Map.of("GPU", 0), Device.CPU.config(2).getDeviceCountMap());
    assertEquals(Map.of(), Device.AUTO.config(2).getDeviceCountMap());
  }

  /** What has no kernel for GPUs would fail there. */
  @Test
  void whatHasNoKernelGoesElsewhere() {
    assertTrue(Device.CPU.config(2).getAllowSoftPlacement());
    assertTrue(Device.AUTO.config(2).getAllowSoftPlacement());
  }

  /** Sums that are rewritten to save memory have another order in another process. */
  @Test
  void sumsKeepTheirOrder() {
    assertEquals(
        RewriterConfig.MemOptType.NO_MEM_OPT,
        Device.CPU.config(1).getGraphOptions().getRewriteOptions().getMemoryOptimization());
  }
}
