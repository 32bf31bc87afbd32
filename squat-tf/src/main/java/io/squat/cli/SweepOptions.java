package io.squat.cli;

import io.squat.sweep.RunGrid;
import io.squat.train.Alternation;
import io.squat.train.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The runs of a sweep, as one grid over all methods. */
final class SweepOptions {
  private static final String EPOCHS = "epochs";

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "TASK",
      description = "Tasks, or all (default: all).")
  List<String> tasks = List.of("all");

  @Option(
      names = "--methods",
      split = ",",
      paramLabel = "METHOD",
      description = "Some of fp, lsq, saq and squat (default: all).")
  List<Method> methods = List.of(Method.values());

  @Option(
      names = "--seeds",
      paramLabel = "N|N,N...",
      description =
          "How many seeds, from 1, or which: 5 is 1,2,3,4,5; a single one is written with a comma at"
              + " its end, as in 11, (default: 1).")
  private String seeds = "1";

  @Option(
      names = "--bits",
      split = ",",
      paramLabel = "W-E-A",
      description =
          "Bits (default: those of a packed model, else " + TrainingOptions.DEFAULT_BITS + ").")
  private @Nullable List<String> bits;

  @Option(
      names = "--levels",
      split = ",",
      paramLabel = "full|symmetric",
      description =
          "Integers of the weights (default: those of a packed model, else symmetric at 2 bits and"
              + " full above).")
  private @Nullable List<String> levels;

  @Option(
      names = "--granularity",
      split = ",",
      paramLabel = "tensor|channel",
      description = "What shares a step size (default: that of a packed model, else tensor).")
  private @Nullable List<String> granularity;

  @Option(
      names = "--epochs",
      split = ",",
      paramLabel = "N",
      description = "Passes over the rows with quantizers (default: " + TrainCommand.EPOCHS + ").")
  private @Nullable List<String> epochs;

  @Option(
      names = "--lr",
      split = ",",
      paramLabel = "RATE",
      description =
          "Peak learning rates of the weights with quantizers (default: "
              + TrainingOptions.DEFAULT_RATE
              + ").")
  private @Nullable List<String> learningRates;

  @Option(
      names = "--step-lr",
      split = ",",
      paramLabel = "RATE",
      description =
          "Peak learning rates of the step sizes (default: "
              + TrainingOptions.DEFAULT_STEP_RATE
              + ").")
  private @Nullable List<String> stepLearningRates;

  @Option(
      names = "--rho",
      split = ",",
      paramLabel = "RHO",
      description =
          "Radii of the perturbation of saq and squat (default: "
              + TrainingOptions.DEFAULT_RHO
              + ").")
  private @Nullable List<String> rhos;

  @Option(
      names = "--alternation",
      split = ",",
      paramLabel = "within|batches:K",
      description =
          "Alternations of squat's phases (default: " + TrainingOptions.DEFAULT_ALTERNATION + ").")
  private @Nullable List<String> alternations;

  @Option(
      names = "--equal-passes",
      description =
          "Also lsq with more epochs: as many passes through the model as saq and squat have.")
  private boolean equalPasses;

  /**
   * The seeds.
   *
   * @throws IllegalArgumentException if they are none
   */
  List<Long> seeds() {
    try {
      if (seeds.contains(",")) {
        List<Long> some = new ArrayList<>();
        for (String seed : seeds.replaceFirst(",$", "").split(",", -1)) {
          some.add(Long.parseLong(seed.strip()));
        }
        return some;
      }
      int count = Integer.parseInt(seeds);
      if (count > 0) {
        return LongStream.rangeClosed(1, count).boxed().toList();
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(seedsMessage(), e);
    }
    throw new IllegalArgumentException(seedsMessage());
  }

  private String seedsMessage() {
    return "--seeds: expected how many, such as 5, or which, such as 11,12, found \""
        + seeds
        + "\"";
  }

  /**
   * The runs; each method takes what it uses.
   *
   * @throws IllegalArgumentException if there is no lsq to give more epochs
   */
  List<RunGrid> runs() {
    if (equalPasses && !methods.contains(Method.LSQ)) {
      throw new IllegalArgumentException(
          "--equal-passes: expected lsq among --methods, which it gives more epochs, found "
              + methods.stream().map(Method::label).toList());
    }
    List<RunGrid> runs = new ArrayList<>();
    for (Method method : methods) {
      Map<String, List<String>> values = values(method);
      runs.add(new RunGrid(method, values, /* seeds= */ null));
      if (equalPasses && method == Method.LSQ) {
        Map<String, List<String>> more = new LinkedHashMap<>(values);
        more.put(EPOCHS, epochsOfEqualPasses());
        runs.add(new RunGrid(method, more, /* seeds= */ null));
      }
    }
    return runs;
  }

  /** How many epochs of lsq are as many passes as each of the others makes. */
  private List<String> epochsOfEqualPasses() {
    Set<String> found = new LinkedHashSet<>();
    for (Method method : methods) {
      for (String alternation :
          method.alternating() && alternations != null
              ? alternations
              : List.of(Alternation.WITHIN.toString())) {
        if (method.perturbed()) {
          for (String each : epochs == null ? List.of(TrainCommand.EPOCHS) : epochs) {
            found.add(wholeEpochs(each, method, Alternation.parse(alternation)));
          }
        }
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "--equal-passes: expected saq or squat among --methods, to make as many passes as they do,"
              + " found "
              + methods.stream().map(Method::label).toList());
    }
    return List.copyOf(found);
  }

  private static String wholeEpochs(String epochs, Method method, Alternation alternation) {
    double passes;
    try {
      passes = method.passes(alternation, Integer.parseInt(epochs));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--epochs: expected whole numbers, found \"" + epochs + "\"", e);
    }
    if (passes != Math.rint(passes)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--equal-passes: expected epochs that make a whole number of passes, found %s of %s with"
                  + " %s, which are %s; choose other --epochs, or leave it out",
              epochs,
              method.label(),
              alternation,
              passes));
    }
    return Long.toString((long) passes);
  }

  /** Those of fp are the float start's, which have options of their own. */
  private Map<String, List<String>> values(Method method) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    if (method.quantized()) {
      put(values, method, "bits", bits);
      put(values, method, "levels", levels);
      put(values, method, "granularity", granularity);
      put(values, method, EPOCHS, epochs);
      put(values, method, "lr", learningRates);
      put(values, method, "step-lr", stepLearningRates);
      put(values, method, "rho", rhos);
      put(values, method, "alternation", alternations);
    }
    return values;
  }

  private static void put(
      Map<String, List<String>> values, Method method, String name, @Nullable List<String> some) {
    if (some != null && RunGrid.names(method).contains(name)) {
      values.put(name, some);
    }
  }
}
