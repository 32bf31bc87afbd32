package io.squat.cli;

import io.squat.glue.Split;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat eval}. */
@Command(
    name = "eval",
    description =
        "Score any SavedModel with a classifier output on a split of a GLUE task, whoever wrote it.",
    footerHeading = "%nExample:%n",
    footer = "  squat eval --model models/cola/1 --task CoLA --data glue --json metrics.json")
final class EvalCommand extends SquatCommand {

  @Mixin final ModelOptions model = new ModelOptions();
  @Mixin final TaskOptions task = new TaskOptions();

  @Option(
      names = "--split",
      defaultValue = "dev",
      description = "train, dev, or, of MNLI, dev_mismatched (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Split split;

  @Option(
      names = "--batch",
      defaultValue = "32",
      paramLabel = "ROWS",
      description = "Rows of a batch (default: ${DEFAULT-VALUE}).")
  int batch;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("eval: not part of this build yet");
  }
}
