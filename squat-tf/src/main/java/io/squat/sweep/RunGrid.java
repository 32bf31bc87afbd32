package io.squat.sweep;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Lists;
import io.squat.train.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs of one method with every combination of some values.
 *
 * @param method the method
 * @param values of each option of {@code train} that varies, by its name without dashes
 * @param seeds those of the sweep's seeds that the runs are done with; null for all of them
 */
public record RunGrid(Method method, Map<String, List<String>> values, @Nullable List<Long> seeds) {
  /** What varies among runs that start from the same float model. */
  public static final List<String> NAMES =
      List.of("bits", "levels", "granularity", "epochs", "lr", "step-lr", "rho", "alternation");

  /**
   * Copies.
   *
   * @throws IllegalArgumentException if an option is none of the method's, or has no value
   */
  public RunGrid {
    Map<String, List<String>> copy = new LinkedHashMap<>();
    for (String name : NAMES) {
      List<String> some = values.get(name);
      if (some != null) {
        copy.put(name, List.copyOf(some));
      }
    }
    for (Map.Entry<String, List<String>> value : values.entrySet()) {
      if (!names(method).contains(value.getKey())) {
        throw new IllegalArgumentException(
            "method "
                + method.label()
                + ": expected some of "
                + names(method)
                + ", found \""
                + value.getKey()
                + "\"");
      }
      if (value.getValue().isEmpty()) {
        throw new IllegalArgumentException(
            "method "
                + method.label()
                + ": expected at least one value of "
                + value.getKey()
                + ", found none");
      }
    }
    values = ImmutableMap.copyOf(copy);
    seeds = seeds == null ? null : List.copyOf(seeds);
  }

  /** The options that mean something to a method. */
  public static List<String> names(Method method) {
    return NAMES.stream()
        .filter(
            name ->
                switch (name) {
                  case "epochs", "lr" -> true;
                  case "rho" -> method.perturbed();
                  case "alternation" -> method.alternating();
                  default -> method.quantized();
                })
        .toList();
  }

  /** Whether its runs are done with a seed of the sweep. */
  boolean isFor(long seed) {
    return seeds == null || seeds.contains(seed);
  }

  /** All combinations, the last option's values varying fastest. */
  List<Map<String, String>> cells() {
    List<String> names = List.copyOf(values.keySet());
    List<Map<String, String>> cells = new ArrayList<>();
    for (List<String> combination : Lists.cartesianProduct(List.copyOf(values.values()))) {
      Map<String, String> cell = new LinkedHashMap<>();
      for (int i = 0; i < names.size(); i++) {
        cell.put(names.get(i), combination.get(i));
      }
      cells.add(cell);
    }
    return cells;
  }
}
