package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.squat.eval.Evaluation;
import io.squat.eval.ModelDescription;
import io.squat.glue.Examples;
import io.squat.glue.GlueTask;
import io.squat.glue.Submission;
import io.squat.glue.Task;
import io.squat.train.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
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
      "  squat eval --model models/mnli/1 --task AX --data glue --submission glue.zip",
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

  @Option(
      names = "--predictions",
      paramLabel = "FILE",
      description = "Also write what the model says of each row: a TSV of index and prediction.")
  @Nullable Path predictions;

  @Option(
      names = "--submission",
      paramLabel = "ZIP",
      description =
          "Also put the predictions for a test split into this zip, as GLUE's leaderboard takes it;"
              + " other files of a submission that are in it stay.")
  @Nullable Path submission;

  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    task.isOwn(); // refuses options before it fetches a model
    if (predictions != null) {
      OutputFile.check("--predictions", predictions);
    }
    if (submission != null) {
      OutputFile.check("--submission", submission);
    }
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.folder(progress);
    Examples examples = task.rows(folder);
    if (submission != null) {
      requireTrainedFor(examples.task(), folder);
    }
    Submission file = submission == null ? null : Submission.of(examples);
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
    float[] predicted = evaluation.predictions().labels();
    ObjectNode json = evaluation.json();
    if (predictions != null) {
      OutputFile.write(predictions, Submission.table(examples, predicted).getBytes(UTF_8));
      out.println("predictions: " + predictions);
      json.put("predictions", predictions.toString());
    }
    if (submission != null && file != null) {
      List<String> missing = file.put(OutputFile.target(submission), examples, predicted);
      print(out, submission, file, missing);
      ObjectNode entry = json.putObject("submission");
      entry.put("zip", submission.toString()).put("file", file.fileName());
      missing.forEach(entry.putArray("missing")::add);
    }
    return json;
  }

  /** AX is predicted by a model of MNLI, which has its classes. */
  private static void requireTrainedFor(Task task, Path folder) {
    String wanted = (task == GlueTask.AX ? GlueTask.MNLI : task).displayName();
    ModelDescription.read(folder)
        .map(ModelDescription::task)
        .filter(trained -> !trained.equals(wanted))
        .ifPresent(
            trained -> {
              throw new IllegalArgumentException(
                  "--submission: expected a model of "
                      + wanted
                      + " for "
                      + task.displayName()
                      + "'s file, found one of "
                      + trained
                      + " in "
                      + folder);
            });
  }

  private static void print(PrintWriter out, Path zip, Submission file, List<String> missing) {
    out.println(
        zip
            + ": "
            + file.fileName()
            + " is in it; "
            + (missing.isEmpty()
                ? "the submission is whole"
                : "a whole submission lacks " + String.join(", ", missing)));
  }
}
