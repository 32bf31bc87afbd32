package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.files.FolderLock;
import io.squat.files.WholeFiles;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.OwnTask;
import io.squat.glue.Split;
import io.squat.glue.TableFile;
import io.squat.glue.Task;
import io.squat.plots.Figure;
import io.squat.sharpness.RunSharpness;
import io.squat.sharpness.SharpnessFigures;
import io.squat.sharpness.SharpnessResults;
import io.squat.sharpness.SharpnessSettings;
import io.squat.sharpness.SharpnessTables;
import io.squat.train.Progress;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import io.squat.train.SettingsText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat sharpness}. */
@Command(
    name = "sharpness",
    description = {
      "Measure how flat the minima of trained models are: the rise of the loss in the worst direction"
          + " and in random ones, the Hessian's largest eigenvalues, and pictures of the loss.",
      "Without dropout, at the quantized weights, all on the same rows. Activations are not quantized"
          + " unless --activations: their steps make second derivatives meaningless.",
      "What --out has of the same measurement is not measured again."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat sharpness --run runs/lsq --run runs/squat --data glue --out sharpness",
      "  squat sharpness --run runs/reviews --file train.csv --rows 64 --out sharpness"
    })
final class SharpnessCommand extends SquatCommand {
  private static final Logger log = LogManager.getLogger();

  @Option(
      names = "--run",
      required = true,
      paramLabel = "DIR",
      description = "Folder of a finished run; may be given several times, for one task.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<Path> runs;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder of GLUE, or of the runs' task in it.")
  @Nullable Path data;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "Of runs on a table of your own: the file that --split is of.")
  @Nullable Path file;

  @Option(
      names = "--split",
      defaultValue = "train",
      description = "train or dev: where the rows are from (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Split split;

  @Option(
      names = "--rows",
      defaultValue = "128",
      paramLabel = "N",
      description =
          "How many rows, of train those that the runs trained on, the first when they are shuffled by"
              + " the seed (default: ${DEFAULT-VALUE}).")
  int rows;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where sharpness.json, sharpness.csv and the pictures are written.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--activations",
      description =
          "Quantize activations for epsilon and average sharpness, as they were in training.")
  boolean activations;

  @Mixin final SharpnessOptions measured = new SharpnessOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter printer) {
    List<RunFolder> folders = runs.stream().map(RunFolder::new).toList();
    if (new RunFolder(out).isRun()) {
      throw new IllegalArgumentException(
          "--out: expected a folder for results, found that of a run, " + out + "; choose another");
    }
    if (split != Split.TRAIN && split != Split.DEV) {
      throw new IllegalArgumentException("--split: expected train or dev, found " + split);
    }
    RunSettings first = folders.get(0).settings();
    for (RunFolder folder : folders) {
      requireSameRows(folder, first);
      folder.readResult();
      folder.requireModel(folder.settings().lastStage());
    }
    requireOneASeed(folders);
    SharpnessSettings settings = measured.settings();
    int surfacePoints = measured.surfacePoints();
    Examples all = examples(first.task());
    requireHash(all, first);
    Examples some = some(split == Split.TRAIN ? first.trainingRows(all) : all, settings.seed());
    SharpnessResults none =
        new SharpnessResults(
            first.task().displayName(),
            some.split().toString(),
            some.sha256(),
            first.trainRows(),
            first.maxLength(),
            rows,
            activations,
            settings,
            List.of());
    none.orThoseOf(out).requireSurfacesOf(surfacePoints, out);
    printer.println(none.description());
    SharpnessResults results =
        FolderLock.holding(
            out, () -> measure(folders, none.orThoseOf(out), surfacePoints, some, printer));
    printer.println("results: " + out);
    return results;
  }

  private SharpnessResults measure(
      List<RunFolder> folders,
      SharpnessResults known,
      int surfacePoints,
      Examples some,
      PrintWriter printer) {
    SharpnessResults results = known;
    Progress progress = TerminalProgress.ofStandardError();
    if (folders.stream()
        .map(folder -> folder.modelHash(folder.settings().lastStage()))
        .anyMatch(hash -> isOpen(known, hash, surfacePoints))) {
      run.device().requireThere();
    }
    List<RuntimeException> failures = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      RunFolder folder = folders.get(i);
      RunSharpness measured =
          new RunSharpness(
              folder,
              some,
              run.device(),
              run.threads(),
              progress,
              String.format(Locale.ROOT, " (%d of %d)", i + 1, folders.size()));
      String hash = measured.hash();
      SharpnessResults.Model there = results.of(hash).orElse(null);
      if (isOpen(results, hash, surfacePoints)) {
        try {
          SharpnessResults.Model found =
              there != null ? there : measured.of(results.settings(), activations, out);
          if (there == null && results.ofSameRun(found).isPresent()) {
            printer.println(
                "in the place of what was measured of the same run with other weights:");
          }
          results = results.with(found);
          results.write(out); // a measurement takes minutes
          if (surfacePoints > 0) {
            results = results.with(measured.withSurface(found, surfacePoints, results.settings()));
          }
        } catch (CancellationException e) {
          throw e;
        } catch (RuntimeException e) { // the other models can be measured
          failures.add(e);
          log.warn("{}: cannot be measured: {}", folder.root(), Failures.line(e));
          continue;
        }
        results.write(out);
        writeTable(results);
      } else {
        printer.println("measured before:");
      }
      printer.print(SharpnessTables.text(results.of(hash).orElseThrow()));
      printer.flush();
    }
    if (!results.models().isEmpty()) {
      write(results);
    }
    if (!failures.isEmpty()) {
      IllegalStateException failed =
          new IllegalStateException(
              failures.size()
                  + " of "
                  + folders.size()
                  + " models could not be measured; what was wrong with each stands above");
      failures.forEach(failed::addSuppressed);
      throw failed;
    }
    return results;
  }

  private static boolean isOpen(SharpnessResults known, String hash, int surfacePoints) {
    return known
        .of(hash)
        .map(there -> there.sharpness().surface() == null && surfacePoints > 0)
        .orElse(true);
  }

  private Examples examples(Task task) {
    boolean own = new OptionChoice("--data", data).or("--file", file).second();
    if (own != task instanceof OwnTask) {
      throw new IllegalArgumentException(
          (own ? "--file: " : "--data: ")
              + "expected "
              + (own ? "--data, since the runs are of GLUE's " : "--file, since the runs are of ")
              + task.displayName());
    }
    return task instanceof OwnTask ownTask
        ? new TableFile(requireNonNull(file)).read(ownTask, split)
        : GlueReader.read(requireNonNull(data), (GlueTask) task, split);
  }

  private Examples some(Examples all, long seed) {
    if (rows < 1 || rows > all.rows().size()) {
      throw new IllegalArgumentException(
          "--rows: expected 1 to " + all.rows().size() + ", as many as there are, found " + rows);
    }
    return all.some(rows, seed);
  }

  private static void requireSameRows(RunFolder folder, RunSettings first) {
    RunSettings settings = folder.settings();
    if (!settings.task().equals(first.task())
        || !settings.trainHash().equals(first.trainHash())
        || !settings.devHash().equals(first.devHash())
        || !Objects.equals(settings.trainRows(), first.trainRows())
        || settings.maxLength() != first.maxLength()) {
      throw new IllegalArgumentException(
          folder.root()
              + ": expected a run on the same rows of "
              + first.task().displayName()
              + ", cut to the same length, as the first --run, found other ones of "
              + settings.task().displayName());
    }
  }

  private static void requireOneASeed(List<RunFolder> folders) {
    Map<List<Object>, RunFolder> seen = new HashMap<>();
    for (RunFolder folder : folders) {
      RunSettings settings = folder.settings();
      RunFolder before =
          seen.putIfAbsent(List.of(SettingsText.of(settings), settings.seed()), folder);
      if (before != null
          && !before
              .modelHash(settings.lastStage())
              .equals(folder.modelHash(settings.lastStage()))) {
        throw new IllegalArgumentException(
            folder.root()
                + ": expected one run of the same settings and seed, found another in "
                + before.root()
                + "; give one of them alone");
      }
    }
  }

  private void requireHash(Examples some, RunSettings settings) {
    String wanted = split == Split.TRAIN ? settings.trainHash() : settings.devHash();
    boolean other = List.of(settings.trainHash(), settings.devHash()).contains(some.sha256());
    if (!some.sha256().equals(wanted)) {
      throw new IllegalArgumentException(
          (data == null ? file : data)
              + ": expected the "
              + split
              + " rows that the runs were made with, found "
              + (other
                  ? "their other ones; give those, or the other --split"
                  : "other rows (SHA-256 " + some.sha256() + ", expected " + wanted + ")"));
    }
  }

  private void writeTable(SharpnessResults results) {
    WholeFiles.writeText(out.resolve("sharpness.csv"), SharpnessTables.csv(results));
  }

  private void write(SharpnessResults results) {
    writeTable(results);
    Map<String, Figure> figures = SharpnessFigures.of(results);
    for (Map.Entry<String, Figure> figure : figures.entrySet()) {
      WholeFiles.writeBytes(out.resolve(figure.getKey()), figure.getValue().png());
    }
    SharpnessFigures.FILES.stream()
        .filter(name -> !figures.containsKey(name)) // of a model that is replaced
        .forEach(name -> WholeFiles.delete(out.resolve(name)));
  }
}
