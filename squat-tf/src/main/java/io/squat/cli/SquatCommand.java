package io.squat.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
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

  /**
   * Refuses options that would have no effect.
   *
   * @param which says whether an option is refused
   * @param why what was expected, and what was found
   * @throws IllegalArgumentException if one of them was given
   */
  final void refuseOptions(Predicate<OptionSpec> which, String why) {
    spec.commandLine().getParseResult().matchedOptions().stream()
        .filter(which)
        .findFirst()
        .ifPresent(
            option -> {
              throw new IllegalArgumentException(option.longestName() + ": " + why);
            });
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
