package io.squat.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat bench train}. */
@Command(
    name = "train",
    description =
        "Measure training on random tokens: seconds a step, tokens a second, peak memory.",
    footerHeading = "%nExample:%n",
    footer = "  squat bench train --model bert-base-uncased --batch 8 --length 128")
final class BenchTrainCommand extends SquatCommand {

  @Mixin final ModelOptions model = new ModelOptions();

  @Option(
      names = "--length",
      defaultValue = "128",
      paramLabel = "TOKENS",
      description = "Tokens of a row (default: ${DEFAULT-VALUE}).")
  int length;

  @Option(
      names = "--steps",
      defaultValue = "10",
      paramLabel = "N",
      description = "Steps that are measured, after 2 that are not (default: ${DEFAULT-VALUE}).")
  int steps;

  @Mixin final TrainingOptions training = new TrainingOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("bench train: not part of this build yet");
  }
}
