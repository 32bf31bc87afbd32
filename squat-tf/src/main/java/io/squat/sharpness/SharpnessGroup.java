package io.squat.sharpness;

import io.squat.train.Method;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
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
    Map<Map<String, String>, List<SharpnessResults.Model>> groups = new LinkedHashMap<>();
    results.models().stream()
        .sorted(
            Comparator.comparing(SharpnessResults.Model::widths)
                .reversed()
                .thenComparing(model -> Method.of(model.method()))
                .thenComparing(model -> SettingsText.words(model.settings()))
                .thenComparing(SharpnessResults.Model::seed))
        .forEach(
            model -> groups.computeIfAbsent(model.settings(), key -> new ArrayList<>()).add(model));
    List<SharpnessGroup> named = new ArrayList<>();
    for (List<SharpnessResults.Model> models : groups.values()) {
      String kind = kind(models.get(0));
      List<Map<String, String>> ofKind =
          groups.values().stream()
              .map(some -> some.get(0))
              .filter(other -> kind(other).equals(kind))
              .map(SharpnessResults.Model::settings)
              .toList();
      String differences =
          SettingsText.words(models.get(0).settings(), SettingsText.differing(ofKind));
      named.add(
          new SharpnessGroup(
              differences.isEmpty() ? kind : kind + " (" + differences + ")", models));
    }
    return named;
  }

  /** Method and bits. */
  String kind() {
    return kind(models.get(0));
  }

  private static String kind(SharpnessResults.Model model) {
    return model.method() + " " + model.bits();
  }

  /** What was measured of the first model: the others have the same places. */
  Sharpness first() {
    return models.get(0).sharpness();
  }

  Method method() {
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

  /** The models of one seed, ours first; only seeds that both have. */
  private List<List<Sharpness>> pairs(SharpnessGroup other) {
    List<List<Sharpness>> pairs = new ArrayList<>();
    for (SharpnessResults.Model ours : models) {
      other.models.stream()
          .filter(theirs -> theirs.seed() == ours.seed())
          .forEach(theirs -> pairs.add(List.of(ours.sharpness(), theirs.sharpness())));
    }
    return pairs;
  }

  /**
   * A number of each model as a part of the number of the other's model of the same seed; NaN where
   * one of them is not positive.
   */
  public List<Double> ratios(SharpnessGroup other, ToDoubleFunction<Sharpness> number) {
    return pairs(other).stream()
        .map(
            pair -> {
              double above = number.applyAsDouble(pair.get(0));
              double below = number.applyAsDouble(pair.get(1));
              return above > 0 && below > 0 ? above / below : Double.NaN;
            })
        .toList();
  }

  /**
   * The standard error over directions of the ratio of averages, where there is one seed alone:
   * over several, their spread has the directions' part.
   */
  public OptionalDouble ratioError(
      SharpnessGroup other, Function<Sharpness, AverageSharpness> average) {
    List<List<Sharpness>> pairs = pairs(other);
    return pairs.size() == 1
        ? OptionalDouble.of(
            average.apply(pairs.get(0).get(0)).ratioError(average.apply(pairs.get(0).get(1))))
        : OptionalDouble.empty();
  }
}
