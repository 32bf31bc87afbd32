package io.squat.cli;

import io.squat.savedmodels.TensorFlowMessage;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns an exception into one line on standard error and an exit status. */
final class Failures {
  /** Failed while running. */
  static final int FAILED = ExitCode.SOFTWARE;

  /** Bad arguments or bad input. */
  static final int BAD_INPUT = ExitCode.USAGE;

  /** What goes wrong with a file because of what the user gave, not because of the machine. */
  private static final List<Class<? extends IOException>> BAD_FILES =
      List.of(
          NoSuchFileException.class,
          NotDirectoryException.class,
          AccessDeniedException.class,
          FileAlreadyExistsException.class,
          DirectoryNotEmptyException.class,
          CharacterCodingException.class,
          EOFException.class,
          ZipException.class);

  /** TensorFlow's exceptions have no type in common, and some are IllegalArgumentExceptions. */
  private static final String OF_TENSORFLOW = "org.tensorflow.exceptions.";

  private Failures() {}

  static int onBadArguments(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    String message = message(e).replaceFirst("^Error: ", "");
    // A converter names the option itself.
    message = message.replaceFirst("^Invalid value for option '--([a-z-]+)'[^:]*: \\1: ", "--$1: ");
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
      message =
          "unknown "
              + (command.getSubcommands().isEmpty() ? "argument" : "command")
              + " \""
              + unmatched.getUnmatched().get(0)
              + "\"";
    }
    List<String> suggestions =
        e instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
    print(
        command.getErr(),
        message
            + (suggestions.isEmpty()
                ? ""
                : "; did you mean " + String.join(" or ", suggestions) + "?")
            + "; see "
            + command.getCommandSpec().qualifiedName()
            + " --help");
    return BAD_INPUT;
  }

  static int onException(Exception e, CommandLine command, @Nullable ParseResult parsed) {
    print(command.getErr(), message(e));
    if (command.getCommand() instanceof SquatCommand verbose && verbose.output.verbose()) {
      e.printStackTrace(command.getErr());
    }
    return status(e);
  }

  static int outOfMemory(PrintWriter err, OutOfMemoryError e) {
    print(
        err,
        "Java's memory of "
            + Runtime.getRuntime().maxMemory() / 1_000_000
            + " MB is used up ("
            + e.getMessage()
            + "); give it more, such as twice that: SQUAT_JAVA_OPTS=-Xmx"
            + 2 * Runtime.getRuntime().maxMemory() / 1_000_000
            + "m");
    return FAILED;
  }

  /** What was asked for was done, and could not be said. */
  static int notPrinted(PrintWriter err) {
    print(err, "standard output: cannot be written; is the disk full, or its reader gone?");
    return FAILED;
  }

  /** A library of this machine, or a class of ours that is gone from under a process. */
  static int notLoaded(PrintWriter err, LinkageError e, boolean verbose) {
    print(
        err,
        "a part of the program cannot be loaded on "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + " ("
            + e
            + "); the README says which platforms work, and `mvn clean` lets ./squat build itself again"
            + "; --verbose shows where it happened");
    if (verbose) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  private static boolean isOfTensorFlow(Exception e) {
    return e.getClass().getName().startsWith(OF_TENSORFLOW);
  }

  private static int status(Exception e) {
    if (e instanceof IllegalArgumentException && !isOfTensorFlow(e)) {
      return BAD_INPUT;
    }
    Throwable file = e instanceof UncheckedIOException ? e.getCause() : e;
    return BAD_FILES.stream().anyMatch(bad -> bad.isInstance(file)) ? BAD_INPUT : FAILED;
  }

  /** What went wrong, in one line. */
  static String line(Exception e) {
    return line(message(e));
  }

  private static String line(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** An exception that nobody meant for the user says its name. */
  private static String message(Exception e) {
    if (isOfTensorFlow(e) && e instanceof RuntimeException failure) {
      return "TensorFlow failed: " + TensorFlowMessage.of(failure);
    }
    boolean meant =
        e.getMessage() != null
            && (e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof UnsupportedOperationException // of the platform
                || e instanceof UncheckedIOException
                || e instanceof ParameterException);
    return meant
        ? String.valueOf(e.getMessage())
        : "unexpected " + e + "; --verbose shows where it happened";
  }

  private static void print(PrintWriter err, String message) {
    err.println("squat: " + line(message));
  }
}
