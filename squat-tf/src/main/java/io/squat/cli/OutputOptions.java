package io.squat.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every subcommand about what it prints. */
final class OutputOptions {
  /** The option by which a stack trace is shown. */
  static final String VERBOSE = "--verbose";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write what the command prints to this file, as one JSON object.")
  private @Nullable Path json;

  @Option(names = VERBOSE, description = "On an error, show the stack trace too.")
  private boolean verbose;

  @Mixin final HelpOptions help = new HelpOptions();

  boolean verbose() {
    return verbose;
  }

  /**
   * Finds out before any work is done whether the file can be written.
   *
   * @throws IllegalArgumentException if it cannot
   */
  void checkJson() {
    if (json != null) {
      JsonFile.check(json);
    }
  }

  void writeJson(Object result) {
    if (json != null) {
      JsonFile.write(json, result);
    }
  }
}
