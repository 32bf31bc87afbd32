package io.squat.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code squat bench}: the measurements. */
@Command(
    name = "bench",
    description = "Measure speed and memory.",
    subcommands = {BenchTrainCommand.class, BenchServeCommand.class})
final class BenchCommand implements Runnable {
  @Mixin final HelpOptions help = new HelpOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "what to measure is missing: train or serve");
  }
}
