package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.eval.JavaProcess;
import io.squat.glue.GlueTask;
import io.squat.savedmodels.Device;
import io.squat.sweep.EarlierResults;
import io.squat.sweep.RunGrid;
import io.squat.sweep.RunStatus;
import io.squat.sweep.Sweep;
import io.squat.sweep.SweepFile;
import io.squat.sweep.SweepFolder;
import io.squat.sweep.SweepPlan;
import io.squat.sweep.SweepResult;
import io.squat.sweep.SweepRun;
import io.squat.sweep.SweepRuns;
import io.squat.sweep.SweepView;
import io.squat.train.Progress;
import io.squat.train.RunSettings;
import io.squat.train.Trainer;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code squat glue}. */
@Command(
    name = "glue",
    description = {
      "Compare methods: train tasks x seeds x methods x bits, each in a run folder of its own.",
      "All runs of a task and a seed start from one float model. The same command, or one that asks"
          + " for more, goes on with what is not done; runs that failed are tried again."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat glue --download glue --tasks CoLA,MRPC",
      "  squat glue --model bert-base-uncased --data glue --tasks CoLA,MRPC --bits 2-8-8,4-8-8 \\",
      "    --methods fp,lsq,saq,squat --seeds 5 --out sweep",
      "  squat glue --sweep search.json --out search --dry-run",
      "  squat glue --sweep search.json --out search --results kept-results --parallel 2",
      "",
      "A file for --sweep has the keys model, data, tasks, seeds, common and runs. The names in runs are",
      "method, those of train's options that take lists here, and seeds, for a run of some seeds alone;",
      "common has the other options of train:",
      "  {\"model\": \"my-model\", \"data\": \"glue\", \"tasks\": [\"MRPC\"], \"seeds\": [11, 12],",
      "   \"common\": {\"batch\": 16},",
      "   \"runs\": [{\"method\": \"lsq\", \"bits\": \"2-8-8\", \"epochs\": [3, 6], \"seeds\": [11]},",
      "            {\"method\": \"squat\", \"bits\": \"2-8-8\", \"rho\": [0.01, 0.02]}]}"
    })
final class GlueCommand extends SquatCommand {
  /** What train is told by the sweep itself, or what is about a single command. */
  private static final List<String> NOT_COMMON =
      List.of(
          "model",
          "task",
          "data",
          "out",
          "seed",
          "method",
          "float-run",
          "resume",
          "train-file",
          "dev-file",
          "task-name",
          "text-columns",
          "label-column",
          "labels",
          "regression",
          "json",
          "verbose",
          "version",
          "help");

  private static final List<String> ALL = List.of("all");

  private static final List<String> DOWNLOAD = List.of("download", "tasks", "json", "verbose");

  @Option(
      names = "--sweep",
      paramLabel = "FILE",
      description =
          "What to do, as a JSON file, instead of --tasks, --methods, --seeds, --bits and what else a run"
              + " may vary in.")
  @Nullable Path file;

  @Option(
      names = "--model",
      paramLabel = "DIR|NAME",
      description = "The model, as train's; wins over the file's.")
  @Nullable String model;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The folder of GLUE, as train's; wins over the file's.")
  @Nullable String data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the sweep: new, empty, or that of the same sweep or a part of it.")
  @Nullable Path out;

  @Option(
      names = "--download",
      paramLabel = "DIR",
      description =
          "Fetch GLUE's official files of --tasks (default: all, and AX; 376 MB, most of it MNLI)"
              + " into this folder, for --data, and train nothing. Sizes and checksums are checked;"
              + " what was stopped goes on, tasks that are there are left alone, and one that fails is listed"
              + " while the others go on. The data have"
              + " their sources' own terms.")
  @Nullable Path download;

  @Mixin final SweepOptions grid = new SweepOptions();

  @Option(
      names = "--float-epochs",
      paramLabel = "N",
      description =
          "Passes in float, of fp and before quantization; 0 starts from the model itself (default: 3).")
  @Nullable Integer floatEpochs;

  @Mixin final OptimizerOptions optimizer = new OptimizerOptions();
  @Mixin final ChoiceOptions choice = new ChoiceOptions();
  @Mixin final TextOptions text = new TextOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Option(
      names = "--checkpoint-steps",
      paramLabel = "N",
      description =
          "Steps between two checkpoints, besides the one after every epoch (default: "
              + Trainer.CHECKPOINT_STEPS
              + ").")
  @Nullable Integer checkpointSteps;

  @Option(
      names = "--parallel",
      defaultValue = "1",
      paramLabel = "N",
      description = "Runs at a time, a process each (default: ${DEFAULT-VALUE}).")
  int parallel;

  @Option(
      names = "--prune",
      description =
          "Keep only scores and predictions of finished runs, not the quantized models: those cannot"
              + " be exported then. Float models stay.")
  boolean prune;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description =
          "Take the finished runs of this folder, as report --results writes it or of another sweep,"
              + " and do not do them again. Float models that are not there are trained again, if"
              + " other runs start from them.")
  @Nullable Path results;

  @Option(names = "--dry-run", description = "List the runs and how far they are, and do nothing.")
  boolean dryRun;

  @Override
  Object run(PrintWriter printer) {
    if (download != null) {
      return fetch(download, printer);
    }
    if (out == null) {
      throw new ParameterException(spec().commandLine(), "Missing required option: '--out=DIR'");
    }
    Progress progress = TerminalProgress.ofStandardError();
    SweepPlan plan = plan();
    List<SweepRun> runs = SweepRuns.of(plan, new TrainArguments(file, progress));
    SweepFolder folder = new SweepFolder(out);
    Sweep.Options options =
        new Sweep.Options(
            JavaProcess.command(
                Squat.class,
                List.of(
                    "-D" + Stopping.CHILD + "=true", "-D" + TerminalProgress.TERMINAL + "=false")),
            parallel,
            prune,
            results == null ? null : new EarlierResults(results),
            Stopping::requested);
    if (dryRun) {
      List<RunStatus> statuses = Sweep.status(folder, runs, options);
      SweepTable.printRuns(printer, statuses);
      return SweepResult.of(statuses);
    }
    if (Sweep.status(folder, runs, options).stream()
        .anyMatch(run -> run.state() != RunStatus.State.DONE)) {
      DeviceProbe.require(device(plan));
    }
    SweepView view = SweepTable.ofStandardError();
    SweepResult result = SweepResult.of(Sweep.run(folder, plan, runs, options, view));
    SweepTable.print(printer, result);
    printer.println("sweep: " + out);
    return result;
  }

  /** Where the runs' processes are told to run; what is wrong with it they say themselves. */
  private static Device device(SweepPlan plan) {
    return plan.common().getOrDefault("device", List.of()).stream()
        .findFirst()
        .map(Device::of)
        .orElse(Device.AUTO);
  }

  /**
   * The object of {@code --json} of {@code --download}.
   *
   * @param folder of GLUE
   * @param tasks {@code fetched} or {@code present} by name
   * @param failures why the others are not there, by name
   */
  record Downloaded(String folder, Map<String, String> tasks, Map<String, String> failures) {}

  private Downloaded fetch(Path folder, PrintWriter printer) {
    refuseOptions(
        option -> !DOWNLOAD.contains(plain(option)), "expected without --download, found with it");
    GlueDownload source =
        new GlueDownload(GlueDownload.OFFICIAL, folder, TerminalProgress.ofStandardError());
    Map<String, String> outcomes = new TreeMap<>();
    Map<String, String> failures = new TreeMap<>();
    for (GlueTask task : tasks(grid.tasks)) {
      String name = task.displayName();
      try {
        String outcome = source.fetch(task).name().toLowerCase(Locale.ROOT);
        outcomes.put(name, outcome);
        printer.println(name + ": " + outcome);
      } catch (CancellationException e) {
        throw e; // not a task's failure
      } catch (IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
        failures.put(name, Failures.line(e)); // another task may well be there
        printer.println(name + ": failed: " + failures.get(name));
      }
    }
    return new Downloaded(folder.toString(), outcomes, failures);
  }

  @Override
  int status(Object result) {
    boolean failed =
        result instanceof Downloaded download
            ? !download.failures().isEmpty()
            : result instanceof SweepResult sweep
                && sweep.runs().stream().anyMatch(line -> line.state() == RunStatus.State.FAILED);
    return failed ? Failures.FAILED : super.status(result);
  }

  /** What the command line and the file ask for. */
  private SweepPlan plan() {
    SweepFile asked =
        file != null
            ? SweepFile.read(file, commonNames())
            : new SweepFile(null, Map.of(), grid.tasks, grid.seeds(), Map.of(), grid.runs());
    if (file != null) {
      refuseGridOptions();
    }
    String from = model != null ? model : asked.model();
    if (from == null) {
      throw new IllegalArgumentException("--model: expected a model, found none");
    }
    Map<String, List<String>> common = new LinkedHashMap<>(asked.common());
    common.putAll(commonOptions());
    return new SweepPlan(from, folders(asked), asked.seeds(), common, asked.runs());
  }

  private Map<String, String> folders(SweepFile asked) {
    List<GlueTask> tasks = new ArrayList<>(tasks(asked.tasks()));
    if (asked.tasks().equals(ALL)) {
      tasks.removeIf(task -> !task.hasTraining());
    }
    Map<String, String> given = new LinkedHashMap<>();
    asked
        .data()
        .forEach((task, where) -> given.put(task.isEmpty() ? "" : task(task).displayName(), where));
    Map<String, String> folders = new LinkedHashMap<>();
    for (GlueTask task : tasks) {
      String name = task.displayName();
      String folder = data != null ? data : given.getOrDefault(name, given.get(""));
      if (folder == null) {
        throw new IllegalArgumentException(
            (file == null ? "" : file + ": data, or ")
                + "--data: expected the folder of "
                + name
                + "'s files, found none");
      }
      folders.put(name, folder);
    }
    return folders;
  }

  private List<GlueTask> tasks(List<String> asked) {
    return asked.equals(ALL) ? List.of(GlueTask.values()) : asked.stream().map(this::task).toList();
  }

  private GlueTask task(String name) {
    try {
      return GlueTask.of(name);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          (file == null ? "--tasks" : file) + ": " + e.getMessage(), e);
    }
  }

  private void refuseGridOptions() {
    refuseOptions(
        option ->
            RunGrid.NAMES.contains(plain(option))
                || List.of("tasks", "methods", "seeds", "equal-passes").contains(plain(option)),
        "expected in the file of --sweep, found beside it");
  }

  private Map<String, List<String>> commonOptions() {
    List<String> names = commonNames();
    Map<String, List<String>> common = new LinkedHashMap<>();
    for (OptionSpec option : spec().commandLine().getParseResult().matchedOptions()) {
      if (names.contains(plain(option))) {
        common.put(
            plain(option),
            option.arity().max() == 0 ? List.of() : List.copyOf(option.originalStringValues()));
      }
    }
    return common;
  }

  /** The options that runs may have in common: those of train, but what varies. */
  private static List<String> commonNames() {
    TreeSet<String> names = new TreeSet<>();
    CommandLine train = Objects.requireNonNull(Squat.commandLine().getSubcommands().get("train"));
    for (OptionSpec option : train.getCommandSpec().options()) {
      names.add(plain(option));
    }
    NOT_COMMON.forEach(names::remove);
    RunGrid.NAMES.forEach(names::remove);
    return List.copyOf(names);
  }

  private static String plain(OptionSpec option) {
    return option.longestName().replaceFirst("^-+", "");
  }

  /** Reads the arguments of runs as train does; what several have in common is read once. */
  private static final class TrainArguments implements SweepRuns.Reader {
    private final @Nullable Path file;
    private final Progress progress;
    private final Map<String, TrainCommand.Source> sources = new LinkedHashMap<>();
    private @Nullable String task;
    private TaskOptions.@Nullable Rows rows;

    TrainArguments(@Nullable Path file, Progress progress) {
      this.file = file;
      this.progress = progress;
    }

    @Override
    public SweepRuns.Asked read(List<String> arguments) {
      TrainCommand train = parsed(arguments);
      TrainCommand.Source source = sources.computeIfAbsent("", key -> train.source(progress));
      // A sweep's runs are of GLUE's tasks: --task and --data.
      String name = requireNonNull(train.task.task).displayName();
      if (rows == null || !name.equals(task)) {
        task = name;
        rows = train.task.rows();
      }
      try {
        RunSettings settings = train.settings(source, rows.train(), rows.dev());
        return new SweepRuns.Asked(settings, settings.trainingRows(rows.train()).rows().size());
      } catch (IllegalArgumentException e) {
        throw wrong(arguments, e);
      }
    }

    private TrainCommand parsed(List<String> arguments) {
      List<String> line = new ArrayList<>(List.of("train", "--out=."));
      line.addAll(arguments);
      try {
        return (TrainCommand)
            Squat.commandLine()
                .parseArgs(line.toArray(new String[0]))
                .subcommand()
                .commandSpec()
                .userObject();
      } catch (ParameterException e) {
        throw wrong(arguments, e);
      }
    }

    /** With the run of the file that is meant; on the command line the option's name says it. */
    private IllegalArgumentException wrong(List<String> arguments, RuntimeException e) {
      String run =
          arguments.stream()
              .filter(argument -> !argument.matches("--(model|task|data|seed)=.*"))
              .map(argument -> argument.substring(2).replace('=', ' '))
              .collect(Collectors.joining(", "));
      return new IllegalArgumentException(
          file == null ? e.getMessage() : file + ": run of " + run + ": " + e.getMessage(), e);
    }
  }
}
