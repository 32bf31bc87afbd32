package io.squat.train;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.EagerSession;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.summary.SummaryWriter;
import org.tensorflow.proto.Summary;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Metrics as an event file for TensorBoard, written by TensorFlow's own operations. */
final class RunEvents {
  private static final int QUEUE = 1000;
  private static final int FLUSH_MILLISECONDS = 60_000;

  private RunEvents() {}

  /**
   * Writes an event a line.
   *
   * @param folder where the file is made
   * @param lines the lines
   */
  static void write(Path folder, List<MetricsLine> lines) {
    try (EagerSession session = EagerSession.create()) {
      Ops tf = Ops.create(session);
      SummaryWriter writer = tf.summary.summaryWriter(SummaryWriter.sharedName(folder.toString()));
      tf.summary.createSummaryFileWriter(
          writer,
          tf.constant(folder.toString()),
          tf.constant(QUEUE),
          tf.constant(FLUSH_MILLISECONDS),
          tf.constant("v2")); // the end of its name, as TensorFlow's own have
      for (MetricsLine line : lines) {
        write(tf, writer, line);
      }
      tf.summary.closeSummaryWriter(writer);
    }
  }

  private static void write(Ops tf, SummaryWriter writer, MetricsLine line) {
    try (TString summary = TString.tensorOfBytes(NdArrays.scalarOfObject(summary(line)))) {
      Operand<TInt64> step = tf.constant(line.step());
      tf.summary.writeRawProtoSummary(writer, step, tf.constantOf(summary));
    }
  }

  private static byte[] summary(MetricsLine line) {
    Summary.Builder summary = Summary.newBuilder();
    add(summary, "loss", line.loss());
    add(summary, "learning rate", line.learningRate());
    add(summary, "loss of the step-size phase", line.stepSizeLoss());
    if (line.dev() != null) {
      line.dev().forEach((metric, value) -> add(summary, "dev/" + metric, value));
    }
    if (line.quantizers() != null) {
      line.quantizers()
          .forEach(
              (name, quantizer) -> {
                add(summary, "step size/" + name, quantizer.stepSize());
                add(summary, "clipped/" + name, quantizer.clipped());
              });
    }
    return summary.build().toByteArray();
  }

  private static void add(Summary.Builder summary, String tag, @Nullable Number value) {
    if (value != null) {
      summary.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue(value.floatValue()));
    }
  }
}
