package io.squat.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat train}. */
@Command(
    name = "train",
    description = {
      "Train a model on a GLUE task; the run, its settings and its checkpoints go into a folder.",
      "The same command on the folder of an unfinished run goes on with it."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat train --model bert-base-uncased --task CoLA --data glue --out runs/cola",
      "  squat train --model my-model --task RTE --data glue --bits 2-8-8 --seed 3 --out runs/rte"
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
      description = "Passes over the training rows (default: ${DEFAULT-VALUE}).")
  int epochs;

  @Mixin final TrainingOptions training = new TrainingOptions();
  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("train: not part of this build yet");
  }
}
