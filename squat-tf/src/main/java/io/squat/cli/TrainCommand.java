package io.squat.cli;

import io.squat.savedmodels.SavedModelFiles;
import io.squat.train.Progress;
import io.squat.train.RecoveredSteps;
import io.squat.train.RunFolder;
import io.squat.train.RunResult;
import io.squat.train.RunSettings;
import io.squat.train.Trainer;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat train}. */
@Command(
    name = "train",
    description = {
      "Train a model on a GLUE task or on your own table; the run, its settings and its checkpoints go"
          + " into a folder.",
      "The same command on the folder of an unfinished run goes on with it."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat train --model bert-base-uncased --task CoLA --data glue --out runs/cola",
      "  squat train --model my-model --task RTE --data glue --bits 2-8-8 --seed 3 --out runs/rte",
      "  squat train --model my-model --train-file train.csv --dev-file dev.csv --text-columns review"
          + " --label-column stars --out runs/reviews"
    })
final class TrainCommand extends SquatCommand {

  @Mixin final ModelOptions model = new ModelOptions();
  @Mixin final TaskOptions task = new TaskOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the run: new, empty, or that of the same run, unfinished.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--epochs",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "Passes over the training rows with quantizers; of fp, in float"
              + " (default: ${DEFAULT-VALUE}).")
  int epochs;

  @Option(
      names = "--float-epochs",
      paramLabel = "N",
      description =
          "Passes in float before quantization (default: as --epochs, 0 for a packed model whose bits"
              + " are kept).")
  @Nullable Integer floatEpochs;

  @Option(
      names = "--checkpoint-steps",
      defaultValue = "" + Trainer.CHECKPOINT_STEPS,
      paramLabel = "N",
      description =
          "Steps between two checkpoints, besides the one after every epoch"
              + " (default: ${DEFAULT-VALUE}).")
  int checkpointSteps;

  @Mixin final TrainingOptions training = new TrainingOptions();
  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter printer) {
    TaskOptions.Rows rows = task.rows();
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.readable(progress);
    String hash = SavedModelFiles.hash(folder);
    Path vocabulary = text.vocabulary(folder);
    RunSettings settings =
        training.settings(
            new TrainingOptions.Data(
                rows.train(),
                rows.dev(),
                hash,
                model.choice(),
                text.casing(folder),
                RecoveredSteps.of(folder)),
            floatEpochs,
            epochs,
            text.maxLength(folder));
    Trainer trainer =
        new Trainer(
            settings, new RunFolder(out), run.device(), run.threads(), checkpointSteps, progress);
    RunResult result =
        trainer.run(new Trainer.Inputs(folder, vocabulary, rows.train(), rows.dev()));
    ResultTable.print(printer, result);
    printer.println("run: " + out);
    return result;
  }
}
