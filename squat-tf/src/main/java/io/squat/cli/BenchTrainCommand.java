package io.squat.cli;

import io.squat.savedmodels.Quantization;
import io.squat.train.Method;
import io.squat.train.Progress;
import io.squat.train.RecoveredSteps;
import io.squat.train.TrainingBenchmark;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat bench train}. */
@Command(
    name = "train",
    description = {
      "Measure training on random tokens: seconds a step, tokens a second, peak memory.",
      "--float-lr, --train-rows and --warmup are of train alone and refused here."
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  squat bench train --model bert-base-uncased --batch 8 --length 128",
      "  squat bench train --model bert-base-uncased --batch 8 --compare fp,lsq --method squat"
    })
final class BenchTrainCommand extends SquatCommand {
  /** What decides nothing that is timed. */
  private static final Set<String> OF_RUNS = Set.of("--float-lr", "--train-rows", "--warmup");

  @Mixin final ModelOptions model = new ModelOptions();

  @Option(
      names = "--length",
      defaultValue = "128",
      paramLabel = "TOKENS",
      description = "Tokens of a row (default: ${DEFAULT-VALUE}).")
  int length;

  @Option(
      names = "--steps",
      defaultValue = "10",
      paramLabel = "N",
      description =
          "Steps that are measured, after 2 that are not; with batches:K so many times K, each its part"
              + " of the step-size batch (default: ${DEFAULT-VALUE}).")
  int steps;

  @Mixin final TrainingOptions training = new TrainingOptions();
  @Mixin final RunOptions run = new RunOptions();

  @Option(
      names = "--compare",
      split = ",",
      paramLabel = "METHOD",
      description =
          "Methods that are timed before --method, interleaved with it step by step; ratios are to"
              + " the first.")
  List<Method> compared = List.of();

  @Override
  Object run(PrintWriter out) {
    refuseOptions(
        option -> OF_RUNS.contains(option.longestName()),
        "expected of train, found of bench train, which has no epochs and no rows of a task");
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.readable(progress);
    List<Method> methods = new ArrayList<>(compared);
    methods.add(training.method());
    Quantization quantization = training.bits(RecoveredSteps.of(folder));
    methods.forEach(method -> TrainingOptions.checkBits(method, quantization));
    TrainingBenchmark.Load load =
        new TrainingBenchmark.Load(
            methods.stream().distinct().toList(),
            quantization,
            training.alternation(),
            training.optimizer(),
            training.rho(),
            training.batch(),
            length,
            steps,
            training.seed());
    TrainingBenchmark.Result result =
        TrainingBenchmark.run(folder, model.choice(), load, run.device(), run.threads(), progress);
    for (TrainingBenchmark.Timing timing : result.timings()) {
      out.printf(
          Locale.ROOT,
          "%-6s %.3f s a step (min %.3f), %.0f tokens a second, %.2f (min %.2f) times %s%n",
          timing.method(),
          timing.medianSeconds(),
          timing.minSeconds(),
          timing.tokensPerSecond(),
          timing.medianRatio(),
          timing.minRatio(),
          result.timings().get(0).method());
    }
    out.printf(Locale.ROOT, "peak memory %.2f GB%n", result.peakMemoryBytes() / 1e9);
    return result;
  }
}
