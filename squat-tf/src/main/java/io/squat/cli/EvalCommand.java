package io.squat.cli;

import io.squat.eval.Evaluation;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.Split;
import io.squat.train.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
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
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.folder(progress);
    Examples examples = GlueReader.read(task.data(), task.task(), split);
    Evaluation evaluation =
        Scoring.score(folder, model.choice(), examples, text.text(folder), run, batch, progress);
    out.printf(
        Locale.ROOT,
        "%s %s, %d rows: %s%n",
        task.task().officialName(),
        split,
        evaluation.rows(),
        Scoring.metrics(evaluation));
    out.printf(Locale.ROOT, "%.1f ms a sentence%n", evaluation.millisecondsPerSentence());
    return evaluation.json();
  }
}
