package io.squat.cli;

import io.squat.glue.GlueTask;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which task, and where its files are. */
final class TaskOptions {
  @Option(
      names = "--task",
      required = true,
      description = "CoLA, SST-2, MRPC, STS-B, QQP, MNLI, QNLI, RTE or WNLI.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private GlueTask task;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder of GLUE, or of the task in it: train.tsv and dev.tsv, plain or gzip.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path data;

  GlueTask task() {
    return task;
  }

  Path data() {
    return data;
  }
}
