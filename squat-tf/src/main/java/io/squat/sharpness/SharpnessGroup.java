package io.squat.sharpness;

import io.squat.train.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * Models that differ in the seed alone.
 *
 * @param name what they are called in tables and pictures
 * @param models by their seeds
 */
public record SharpnessGroup(String name, List<SharpnessResults.Model> models) {
  /** Copies the list. */
  public SharpnessGroup {
    models = List.copyOf(models);
  }

  /**
   * The groups: float models first, then those of more bits, then of less; methods have one order.
   */
  public static List<SharpnessGroup> of(SharpnessResults results) {
    Map<String, List<SharpnessResults.Model>> groups = new LinkedHashMap<>();
    results.models().stream()
        .sorted(
            Comparator.comparing(SharpnessResults.Model::bits)
                .reversed()
                .thenComparing(model -> Method.of(model.method()))
                .thenComparing(SharpnessResults.Model::group)
                .thenComparing(SharpnessResults.Model::seed))
        .forEach(
            model -> groups.computeIfAbsent(model.group(), key -> new ArrayList<>()).add(model));
    List<SharpnessGroup> named = new ArrayList<>();
    groups.forEach(
        (group, models) -> {
          String kind = kind(models.get(0));
          boolean alone =
              groups.values().stream().filter(other -> kind(other.get(0)).equals(kind)).count()
                  == 1;
          named.add(new SharpnessGroup(alone ? kind : group, models));
        });
    return named;
  }

  private static String kind(SharpnessResults.Model model) {
    return model.method() + " " + model.bits();
  }

  /** What was measured of the first model: the others have the same places. */
  Sharpness first() {
    return models.get(0).sharpness();
  }

  private Method method() {
    return Method.of(models.get(0).method());
  }

  /** Whether this is lsq at the width of another group, or any lsq for a float one. */
  public boolean isLsqFor(SharpnessGroup other) {
    String bits = other.models.get(0).bits();
    return method() == Method.LSQ
        && other.method() != Method.LSQ
        && (!other.method().quantized() || models.get(0).bits().equals(bits));
  }

  /** A number of each model. */
  public SummaryStatistics over(ToDoubleFunction<Sharpness> number) {
    SummaryStatistics found = new SummaryStatistics();
    models.forEach(model -> found.addValue(number.applyAsDouble(model.sharpness())));
    return found;
  }

  /**
   * A number of each model as a part of the number of the other's model of the same seed; NaN where
   * one of them is not positive.
   */
  public List<Double> ratios(SharpnessGroup other, ToDoubleFunction<Sharpness> number) {
    List<Double> found = new ArrayList<>();
    for (SharpnessResults.Model ours : models) {
      for (SharpnessResults.Model theirs : other.models) {
        if (ours.seed() == theirs.seed()) {
          double above = number.applyAsDouble(ours.sharpness());
          double below = number.applyAsDouble(theirs.sharpness());
          found.add(above > 0 && below > 0 ? above / below : Double.NaN);
        }
      }
    }
    return found;
  }
}
