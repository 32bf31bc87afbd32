package io.squat.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat demo}. */
@Command(
    name = "demo",
    description = {
      "Fine-tune BERT-base on an embedded sample of QNLI, train it with SQuAT at 4-8-8, export it,"
          + " score the exported model, and print one table. Minutes on 2 CPU cores.",
      "The first run fetches BERT-base through Maven (408 MB)."
    },
    footerHeading = "%nExample:%n",
    footer = "  squat demo --out runs/demo --json demo.json")
final class DemoCommand extends SquatCommand {

  @Option(
      names = "--out",
      defaultValue = "runs/demo",
      paramLabel = "DIR",
      description = "Folder of the runs and of the exported models (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  long seed;

  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    throw new IllegalStateException("demo: not part of this build yet");
  }
}
