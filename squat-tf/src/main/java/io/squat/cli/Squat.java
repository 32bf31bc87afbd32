package io.squat.cli;

import static com.google.common.base.Preconditions.checkArgument;

import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.Compute;
import io.squat.savedmodels.Device;
import io.squat.train.Alternation;
import io.squat.train.Method;
import io.squat.train.ServingFormat;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * The root command {@code squat}.
 *
 * <p>Exit status: 0 done, 1 failed while running, 2 bad arguments or bad input. An error is one
 * line on standard error; {@code --verbose} adds the stack trace.
 */
@Command(
    name = "squat",
    description =
        "Sharpness- and quantization-aware training for BERT: a SavedModel in, a SavedModel with"
            + " weights of 2, 3 or 4 bits out.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Version.class,
    subcommands = {
      DemoCommand.class,
      InspectCommand.class,
      TrainCommand.class,
      ExportCommand.class,
      EvalCommand.class,
      PredictCommand.class,
      GlueCommand.class,
      ReportCommand.class,
      SharpnessCommand.class,
      CompareCommand.class,
      BenchCommand.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat demo",
      "  squat inspect --model bert-base-uncased",
      "  squat train --model bert-base-uncased --task CoLA --data glue --out runs/cola",
      "  squat export --run runs/cola --format packed --out models/cola",
      "  squat eval --model models/cola/1 --task CoLA --data glue",
      "  squat predict --model models/cola/1 --text \"The book was read by me.\"",
      "  squat report runs --out report",
      "  squat sharpness --run runs/cola --data glue --out sharpness",
      "  squat glue --model bert-base-uncased --data glue --tasks CoLA,RTE --seeds 5 --out sweep",
      "",
      "Environment:",
      "  JAVA_HOME          the JDK, 17 or newer",
      "  SQUAT_JAVA_OPTS    more options of Java, such as -Xmx6g",
      "  SQUAT_MAVEN_ARGS   more arguments of Maven, such as --offline; paths in them are absolute",
      "  SQUAT_CACHE        where models are kept (default: ~/.cache/squat)",
      "",
      "GPU: build once with  mvn -Pgpu -Dmaven.test.skip=true package ; squat then stays on that build.",
      "Without -Pgpu the same line goes back to the CPU build.",
      "",
      "Exit status: 0 done, 1 failed while running, 2 bad arguments or bad input, 128 + N stopped by",
      "signal N (Ctrl-C: 130)."
    })
public final class Squat implements Runnable {
  @Mixin final HelpOptions help = new HelpOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  /** Runs the command line and ends the JVM with its exit status. */
  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(Stopping.guard(() -> run(out, err, arguments), err));
  }

  /**
   * Runs the command line.
   *
   * @param out what commands print
   * @param err errors
   * @return the exit status
   */
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine commandLine = commandLine().setOut(out).setErr(err);
    try {
      int status = commandLine.execute(arguments);
      return status == ExitCode.OK && out.checkError() ? Failures.notPrinted(err) : status;
    } catch (OutOfMemoryError e) {
      return Failures.outOfMemory(err, e);
    } catch (LinkageError e) {
      return Failures.notLoaded(err, e, List.of(arguments).contains(OutputOptions.VERBOSE));
    } finally {
      out.flush();
      err.flush();
    }
  }

  static CommandLine commandLine() {
    return new CommandLine(new Squat())
        .registerConverter(GlueTask.class, checked(GlueTask::of))
        .registerConverter(Split.class, checked(Split::of))
        .registerConverter(BitWidths.class, checked(BitWidths::parse))
        .registerConverter(Method.class, checked(Method::of))
        .registerConverter(Alternation.class, checked(Alternation::parse))
        .registerConverter(Device.class, checked(Device::of))
        .registerConverter(Compute.class, checked(Compute::of))
        .registerConverter(ServingFormat.class, checked(ServingFormat::of))
        .registerConverter(Path.class, checked(Squat::path))
        .registerConverter(URI.class, checked(URI::create))
        .registerConverter(Granularity.class, checked(Granularity::of))
        .registerConverter(Levels.class, checked(TrainingOptions::levels))
        .setParameterExceptionHandler(Failures::onBadArguments)
        .setExecutionExceptionHandler(Failures::onException)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }

  /** Says that a command is missing. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static Path path(String text) {
    checkArgument(!text.isEmpty(), "expected a path, found nothing");
    return Path.of(text);
  }

  private static <T> ITypeConverter<T> checked(Function<String, T> parse) {
    return text -> {
      try {
        return parse.apply(text);
      } catch (IllegalArgumentException e) {
        TypeConversionException shown = new TypeConversionException(e.getMessage());
        shown.initCause(e);
        throw shown;
      }
    };
  }
}
