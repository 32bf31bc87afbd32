package io.squat.sharpness;

import io.squat.train.Method;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * Models that differ in the seed alone.
 *
 * @param differences from other groups of the method and bits, in words; empty if there are none
 * @param models by their seeds
 */
public record SharpnessGroup(String differences, List<SharpnessResults.Model> models) {
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
      named.add(new SharpnessGroup(differences, models));
    }
    return named;
  }

  /** What they are called in tables. */
  public String name() {
    return withDifferences(kind(models.get(0)));
  }

  /** What they are called where all are of one width, or float. */
  public String nameWithoutBits() {
    return withDifferences(method().label());
  }

  private String withDifferences(String kind) {
    return differences.isEmpty() ? kind : kind + " (" + differences + ")";
  }

  /** The bits of the models, {@code float} for fp. */
  String bits() {
    return models.get(0).bits();
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
    return method() == Method.LSQ
        && other.method() != Method.LSQ
        && (!other.method().quantized() || bits().equals(other.bits()));
  }

  /** A number of each model. */
  public SummaryStatistics over(ToDoubleFunction<Sharpness> number) {
    SummaryStatistics found = new SummaryStatistics();
    models.forEach(model -> found.addValue(number.applyAsDouble(model.sharpness())));
    return found;
  }

  /** What was measured along random directions of all models together. */
  public AverageSharpness together(Function<Sharpness, AverageSharpness> average) {
    return AverageSharpness.together(
        models.stream().map(model -> average.apply(model.sharpness())).toList());
  }

  /** The models of one seed, ours and another group's; only seeds that both have. */
  public List<Ratio.Pair> pairs(SharpnessGroup other) {
    List<Ratio.Pair> pairs = new ArrayList<>();
    for (SharpnessResults.Model ours : models) {
      other.models.stream()
          .filter(theirs -> theirs.seed() == ours.seed())
          .forEach(theirs -> pairs.add(new Ratio.Pair(ours.sharpness(), theirs.sharpness())));
    }
    return pairs;
  }
}
