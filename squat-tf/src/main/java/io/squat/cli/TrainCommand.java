package io.squat.cli;

import io.squat.glue.Examples;
import io.squat.savedmodels.FrozenModel;
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
  static final String EPOCHS = "3";

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
      defaultValue = EPOCHS,
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
      names = "--float-run",
      paramLabel = "DIR",
      description =
          "A run whose float stage is taken instead of training one; its settings must be those that"
              + " this run's would have.")
  @Nullable Path floatRun;

  @Option(
      names = "--resume",
      description = "Go on with the unfinished run in --out, and do not begin one.")
  boolean resume;

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
    training.refuseUnused();
    TaskOptions.Rows rows = task.rows();
    Progress progress = TerminalProgress.ofStandardError();
    RunFolder folder = new RunFolder(out);
    if (resume) {
      folder.settings(); // is there
    }
    Source source = source(progress);
    printer.println(rows.text());
    printer.flush();
    RunResult result =
        new Trainer(
                settings(source, rows.train(), rows.dev()),
                folder,
                run.device(),
                run.threads(),
                checkpointSteps,
                progress)
            .run(
                new Trainer.Inputs(
                    source.model(),
                    source.vocabulary(),
                    rows.train(),
                    rows.dev(),
                    rows.further(),
                    floatRun == null ? null : new RunFolder(floatRun)));
    ResultTable.print(printer, result);
    printer.println("run: " + out);
    return result;
  }

  /**
   * A model as it can be trained.
   *
   * @param model its folder
   * @param hash of it
   * @param vocabulary the vocabulary's file
   * @param recovered what a packed model was trained with, null for any other
   */
  record Source(
      Path model, String hash, Path vocabulary, FrozenModel.@Nullable Recovered recovered) {}

  /**
   * The model of the options.
   *
   * @throws IllegalArgumentException if there is none, or it has no vocabulary
   */
  Source source(Progress progress) {
    Path folder = model.readable(progress);
    return new Source(
        folder, SavedModelFiles.hash(folder), text.vocabulary(folder), RecoveredSteps.of(folder));
  }

  /**
   * The settings of the run that the options ask for.
   *
   * @param source the model of the options
   * @param train the training rows
   * @param dev the dev rows
   * @throws IllegalArgumentException if one is out of its range
   */
  RunSettings settings(Source source, Examples train, Examples dev) {
    return training.settings(
        new TrainingOptions.Data(
            train,
            dev,
            source.hash(),
            model.choice(),
            text.casing(source.model()),
            source.recovered()),
        floatEpochs,
        epochs,
        text.maxLength(source.model()));
  }
}
