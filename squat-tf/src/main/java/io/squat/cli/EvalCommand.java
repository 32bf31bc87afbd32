package io.squat.cli;

import io.squat.eval.Evaluation;
import io.squat.glue.Examples;
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
        "Score any SavedModel with a classifier output, whoever wrote it, on a split of a GLUE task or on"
            + " your own table.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat eval --model models/cola/1 --task CoLA --data glue --json metrics.json",
      "  squat eval --model models/reviews/1 --dev-file dev.csv"
    })
final class EvalCommand extends SquatCommand {

  @Mixin final ModelOptions model = new ModelOptions();
  @Mixin final EvalTaskOptions task = new EvalTaskOptions();

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
    task.isOwn(); // refuses options before it fetches a model
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.folder(progress);
    Examples examples = task.rows(folder);
    Evaluation evaluation =
        Scoring.score(folder, model.choice(), examples, text.text(folder), run, batch, progress);
    out.printf(
        Locale.ROOT,
        "%s %s, %d rows: %s%n",
        evaluation.task().displayName(),
        evaluation.split(),
        evaluation.rows(),
        Scoring.metrics(evaluation));
    out.printf(Locale.ROOT, "%.1f ms a sentence%n", evaluation.millisecondsPerSentence());
    return evaluation.json();
  }
}
