package io.squat.cli;

import io.squat.eval.Classifier;
import io.squat.eval.ServingBenchmark;
import io.squat.train.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat bench serve}. */
@Command(
    name = "serve",
    description = {
      "Time SavedModels on random tokens: milliseconds a batch, time to load, memory.",
      "Each runs in a process of its own, in turns with the others; speeds are compared with the"
          + " first one's. Memory is what its process holds over one with an empty session."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat bench serve --model models/cola-float/1 --model models/cola/1 --threads 2",
      "  squat bench serve --model models/cola/1 --batch 1,8,32 --length 32,128 --json times.json"
    })
final class BenchServeCommand extends SquatCommand {

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR|NAME",
      description =
          "Folder or .tar.gz of a SavedModel, or bert-base-uncased; may be given several times.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<String> models;

  @Mixin final ChoiceOptions choice = new ChoiceOptions();

  @Option(
      names = "--batch",
      split = ",",
      defaultValue = "1,8",
      paramLabel = "ROWS",
      description = "Rows of a batch, one or several numbers (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<Integer> batches;

  @Option(
      names = "--length",
      split = ",",
      defaultValue = "128",
      paramLabel = "TOKENS",
      description = "Tokens of a row, one or several numbers (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<Integer> lengths;

  @Option(
      names = "--runs",
      defaultValue = "100",
      paramLabel = "N",
      description =
          "Runs that are timed of each batch and length, after "
              + ServingBenchmark.WARM_UP_RUNS
              + " that are not (default: ${DEFAULT-VALUE}).")
  int runs;

  @Option(
      names = "--vocab-size",
      paramLabel = "N",
      description =
          "Token ids are below it (default: the entries of the models' smallest assets/vocab.txt, or"
              + " 1000 where a model has none).")
  @Nullable Integer vocabulary;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of the tokens (default: ${DEFAULT-VALUE}).")
  long seed;

  @Mixin final RunOptions run = new RunOptions();

  @Override
  Object run(PrintWriter out) {
    ServingBenchmark.Loads loads =
        new ServingBenchmark.Loads(batches, lengths, runs, vocabulary, seed);
    Progress progress = TerminalProgress.ofStandardError();
    List<Path> folders = new ArrayList<>();
    for (String model : models) {
      folders.add(ModelCache.ofUser(System.getenv(), progress).folder(model));
    }
    Classifier.Options options =
        new Classifier.Options(choice.choice(), run.device(), run.threads());
    ServingBenchmark.Result result;
    try (Progress.Work work =
        progress.begin("timing", "run", (long) folders.size() * loads.count())) {
      result = ServingBenchmark.run(folders, options, loads, () -> work.step(1));
    }
    print(out, result);
    return result;
  }

  private static void print(PrintWriter out, ServingBenchmark.Result result) {
    int width =
        result.loaded().stream().mapToInt(model -> model.model().length()).max().orElseThrow();
    String name = "%-" + width + "s";
    out.printf(
        Locale.ROOT,
        name + " %9s %9s %10s %10s %9s%n",
        "",
        "on disk",
        "load",
        "first run",
        "memory",
        "peak");
    for (ServingBenchmark.Loaded model : result.loaded()) {
      out.printf(
          Locale.ROOT,
          name + " %6.1f MB %7.1f s %8.1f s %7.0f MB %6.0f MB%n",
          model.model(),
          model.folderBytes() / 1e6,
          model.loadMilliseconds() / 1e3,
          model.firstRunMilliseconds() / 1e3,
          model.residentBytes() / 1e6,
          model.peakBytes() / 1e6);
    }
    out.printf(
        Locale.ROOT,
        "%n" + name + " %5s %6s %11s %11s %11s %16s%n",
        "",
        "batch",
        "length",
        "median",
        "min",
        "p99",
        "speed (min)");
    for (ServingBenchmark.Timing timing : result.timings()) {
      out.printf(
          Locale.ROOT,
          name + " %5d %6d %8.2f ms %8.2f ms %8.2f ms %7.2f (%.2f)%n",
          timing.model(),
          timing.rows(),
          timing.length(),
          timing.latency().medianMilliseconds(),
          timing.latency().minMilliseconds(),
          timing.latency().p99Milliseconds(),
          timing.medianSpeed(),
          timing.minSpeed());
    }
  }
}
