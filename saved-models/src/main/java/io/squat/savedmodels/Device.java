package io.squat.savedmodels;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Arrays;
import java.util.Locale;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.RewriterConfig;
import org.tensorflow.proto.RewriterConfig.MemOptType;

/** Where a graph runs. */
public enum Device {
  /** On the GPU if there is one that TensorFlow can use, else on the CPU. */
  AUTO,
  /** On the CPU. */
  CPU,
  /** On the GPU; what has no GPU kernel runs on the CPU. */
  GPU;

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The device of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists them
   */
  public static Device of(String label) {
    return Arrays.stream(values())
        .filter(device -> device.label().equals(label.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "device: expected one of auto, cpu, gpu, found \"" + label + "\""));
  }

  /**
   * A session on the CPU alone, for what is computed while a model is read or written: any other
   * makes TensorFlow take hold of the GPU, with all of its memory, for as long as the process
   * lives.
   */
  @MustBeClosed
  static Session cpuSession(Graph graph) {
    return new Session(graph, ConfigProto.newBuilder().putDeviceCount("GPU", 0).build());
  }

  /**
   * Checks that there is such a device, before long work begins or processes are started that need
   * it.
   *
   * @throws IllegalArgumentException if this is {@link #GPU}, and TensorFlow can use none
   */
  public void requireThere() {
    if (this == GPU) {
      config(1);
    }
  }

  /**
   * The configuration of a session: GPU memory grows as it is needed, and the number of threads is
   * fixed, because results on a CPU are the same to the last bit only at the same number. Sums are
   * not rewritten to save memory.
   *
   * @param threads how many threads an operation may use; 0 takes all cores
   * @throws IllegalArgumentException if this is {@link #GPU}, and TensorFlow can use none
   */
  public ConfigProto config(int threads) {
    int used = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    ConfigProto.Builder config =
        ConfigProto.newBuilder()
            .setIntraOpParallelismThreads(used)
            .setInterOpParallelismThreads(used)
            .setGraphOptions(GraphOptions.newBuilder().setRewriteOptions(rewrites()))
            .setGpuOptions(GPUOptions.newBuilder().setAllowGrowth(true));
    switch (this) {
      case CPU -> config.putDeviceCount("GPU", 0);
      case GPU -> GpuCheck.require(config.build());
      case AUTO -> {}
    }
    return config.setAllowSoftPlacement(true).build();
  }

  /**
   * To save memory Grappler turns an AddN of three or more tensors into additions to a variable,
   * each as soon as its tensor is there (SchedulingPass of its memory optimizer): two runs of one
   * graph then differ in the last bit.
   */
  private static RewriterConfig rewrites() {
    return RewriterConfig.newBuilder().setMemoryOptimization(MemOptType.NO_MEM_OPT).build();
  }
}
