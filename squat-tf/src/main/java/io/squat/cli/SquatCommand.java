package io.squat.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A subcommand: it prints for a reader and gives back the same as a record for {@code --json}. */
abstract class SquatCommand implements Callable<Integer> {
  @Mixin final OutputOptions output = new OutputOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  /**
   * Does the work.
   *
   * @param out where the command prints its result
   * @return the documented object of {@code --json}
   */
  abstract Object run(PrintWriter out);

  /** The command as it was parsed. */
  final CommandSpec spec() {
    return spec;
  }

  @Override
  public final Integer call() {
    output.checkJson();
    Object result = run(spec.commandLine().getOut());
    output.writeJson(result);
    return status(result);
  }

  /** The exit status of a command that came to its end with a result. */
  int status(Object result) {
    return ExitCode.OK;
  }
}
