package io.squat.sweep;

import com.google.common.collect.ImmutableMap;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a sweep is asked for: tasks x seeds x runs, where all runs of a task and a seed start from
 * one float model.
 *
 * @param model what {@code train --model} takes
 * @param data what {@code train --data} takes, by task
 * @param seeds the seeds
 * @param common options of {@code train} that all runs have, by name without dashes; a flag has no
 *     values
 * @param runs the runs of each task and of their seeds, besides the float one
 */
public record SweepPlan(
    String model,
    Map<String, String> data,
    List<Long> seeds,
    Map<String, List<String>> common,
    List<RunGrid> runs) {
  /** The options of {@code train} by which the float model is made. */
  public static final String FLOAT_EPOCHS = "float-epochs";

  /** See {@link #FLOAT_EPOCHS}. */
  public static final String FLOAT_RATE = "float-lr";

  private static final String DEFAULT_FLOAT_EPOCHS = "3";
  private static final String NO_EPOCHS = "0";

  /**
   * Copies, each task and seed once.
   *
   * @throws IllegalArgumentException if there is no task, no seed or no run, or what the float
   *     model is made by is not one value each
   */
  public SweepPlan {
    data = ImmutableMap.copyOf(data);
    seeds = List.copyOf(new LinkedHashSet<>(seeds));
    Map<String, List<String>> all = new LinkedHashMap<>(common);
    all.putIfAbsent(FLOAT_EPOCHS, List.of(DEFAULT_FLOAT_EPOCHS));
    all.putIfAbsent(FLOAT_RATE, List.of(Double.toString(OptimizerSettings.DEFAULT.learningRate())));
    common = ImmutableMap.copyOf(all);
    runs = List.copyOf(runs);
    require("tasks", !data.isEmpty());
    require("seeds", !seeds.isEmpty());
    require("runs", !runs.isEmpty());
    requireOneValue(common, FLOAT_EPOCHS);
    requireOneValue(common, FLOAT_RATE);
  }

  private static void requireOneValue(Map<String, List<String>> common, String name) {
    List<String> values = Objects.requireNonNull(common.get(name));
    if (values.size() != 1) {
      throw new IllegalArgumentException(
          name + ": expected one number, found " + (values.isEmpty() ? "none" : values));
    }
  }

  private static void require(String what, boolean some) {
    if (!some) {
      throw new IllegalArgumentException(what + ": expected at least one, found none");
    }
  }

  /**
   * The options of {@code train} for the run whose float model the others start from.
   *
   * @return none if there are no epochs in float
   */
  List<List<String>> floatArguments(String task, long seed) {
    return only(FLOAT_EPOCHS).equals(NO_EPOCHS)
        ? List.of()
        : List.of(
            arguments(
                task,
                seed,
                Method.FP,
                Map.of("epochs", only(FLOAT_EPOCHS), "lr", only(FLOAT_RATE))));
  }

  /** The options of {@code train} for the runs of a task and a seed; some may be the same run. */
  List<List<String>> runArguments(String task, long seed) {
    List<List<String>> all = new ArrayList<>();
    for (RunGrid grid : runs.stream().filter(some -> some.isFor(seed)).toList()) {
      for (Map<String, String> cell : grid.cells()) {
        Map<String, String> options = new LinkedHashMap<>(cell);
        if (!grid.method().quantized()) {
          if (only(FLOAT_EPOCHS).equals(NO_EPOCHS) && !options.containsKey("epochs")) {
            throw new IllegalArgumentException(
                "method "
                    + grid.method().label()
                    + ": expected epochs in float, found "
                    + FLOAT_EPOCHS
                    + " 0; leave it out of the methods");
          }
          options.putIfAbsent("epochs", only(FLOAT_EPOCHS));
          options.putIfAbsent("lr", only(FLOAT_RATE));
        }
        all.add(arguments(task, seed, grid.method(), options));
      }
    }
    return all;
  }

  private String only(String name) {
    return Objects.requireNonNull(common.get(name)).get(0);
  }

  private List<String> arguments(
      String task, long seed, Method method, Map<String, String> options) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--model=" + model);
    arguments.add("--task=" + task);
    arguments.add("--data=" + Objects.requireNonNull(data.get(task)));
    arguments.add("--seed=" + seed);
    arguments.add("--method=" + method.label());
    options.forEach((name, value) -> arguments.add("--" + name + "=" + value));
    common.forEach(
        (name, values) -> {
          boolean ofFloat = name.equals(FLOAT_EPOCHS) || name.equals(FLOAT_RATE);
          if (ofFloat && !method.quantized()) {
            return; // of fp they are epochs and lr
          }
          if (values.isEmpty()) {
            arguments.add("--" + name);
          }
          values.forEach(value -> arguments.add("--" + name + "=" + value));
        });
    return arguments;
  }
}
