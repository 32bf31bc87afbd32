package io.squat.cli;

import picocli.CommandLine.Option;

/** Options of every command that end it at once. */
@SuppressWarnings("UnusedVariable") // picocli reads them
final class HelpOptions {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and end.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and end.")
  private boolean version;
}
