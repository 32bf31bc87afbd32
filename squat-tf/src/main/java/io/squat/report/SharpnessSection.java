package io.squat.report;

import io.squat.plots.Figure;
import io.squat.sharpness.AverageSharpness;
import io.squat.sharpness.Measure;
import io.squat.sharpness.Ratio;
import io.squat.sharpness.Scale;
import io.squat.sharpness.Sharpness;
import io.squat.sharpness.SharpnessFigures;
import io.squat.sharpness.SharpnessGroup;
import io.squat.sharpness.SharpnessResults;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What {@code squat sharpness --out FOLDER/sharpness} measured, as a part of a report on FOLDER; of
 * several tasks in folders such as {@code sharpness-MRPC}.
 */
final class SharpnessSection {
  private static final String FOLDER = "sharpness";

  private static final Map<String, String> CAPTIONS =
      Map.of(
          "sharpness.png",
          "the rise of the loss by the distance, in the worst direction that was found (means and ranges"
              + " over seeds), and in random ones as a part of half of rho squared, which is the mean"
              + " eigenvalue where the loss is quadratic (means and standard errors over directions).",
          "eigenvalues.png",
          "the Hessian's largest eigenvalue, the next one and the smallest; means over seeds, error bars are"
              + " their range with the residuals, and where one is long the eigenvalue may be another"
              + " one than the second.",
          "lines.png",
          "the rise of the loss along a random direction that has the norms of the weights' filters, and"
              + " along the gradient; means and ranges over seeds.",
          "ratios.png",
          "the numbers of the table above relative to lsq at the same seeds: geometric means"
              + " and ranges over seeds, of averages ratios of the means and standard errors; what reaches down"
              + " to 0 is left out.",
          "surfaces.png",
          "the rise of the loss over two random directions with the norms of the weights' filters, all"
              + " models with the same levels, which are not equally wide; where there is a level 0, the"
              + " loss falls below it.");

  private SharpnessSection() {}

  /** The folders below a folder that hold results: {@code sharpness} and {@code sharpness-...}. */
  static List<Path> folders(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(FOLDER + "(-.*)?"))
          .filter(file -> Files.isRegularFile(file.resolve(SharpnessResults.FILE)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The results of those folders that have some. */
  static List<SharpnessResults> results(List<Path> folders) {
    return folders.stream()
        .flatMap(folder -> folders(folder).stream())
        .flatMap(folder -> SharpnessResults.read(folder).stream())
        .filter(results -> !results.models().isEmpty())
        .toList();
  }

  /**
   * The parts of the page.
   *
   * @param results of one measurement
   * @param number of the measurement, for the names of its files
   */
  static List<Block> blocks(SharpnessResults results, int number) {
    String what = "Sharpness on " + results.task();
    List<Block> blocks = new ArrayList<>();
    blocks.add(new Block.Heading(2, what));
    blocks.add(
        new Block.Text(
            String.format(
                Locale.ROOT,
                "On the same %d rows of the %s split (drawn by seed %d), without dropout, at the quantized weights, activations"
                    + " %s. Means over the models' seeds ± their standard deviation. Epsilon-sharpness is"
                    + " the largest rise of the loss within rho that %d steps of ascent found%s; of the largest"
                    + " rho also without its slope, rho times the gradient norm. Average"
                    + " sharpness is the mean rise at rho over %d random directions a seed, each taken both"
                    + " ways, ± the standard error over the directions of all seeds, which says nothing of"
                    + " how much models of other seeds differ. The residual is that of the largest"
                    + " eigenvalue, beside which the magnitude of the one that is largest in magnitude stands.%s Adaptive: weights measured by the norms of their filters.",
                results.rows(),
                results.split(),
                results.settings().seed(),
                results.activations()
                    ? "quantized where the model has quantizers of them, but not for eigenvalues and"
                        + " pictures"
                    : "not quantized (what that changes of the loss stands beside it)",
                results.settings().ascentSteps(),
                lastSteps(results),
                results.settings().directions(),
                smallest(results))));
    List<SharpnessGroup> groups = SharpnessGroup.of(results);
    blocks.add(table(results, groups));
    Block.Table ratios = ratios(results, groups);
    if (!ratios.rows().isEmpty()) {
      blocks.add(
          new Block.Text(
              "Relative to the lsq named beside it (of the same width; for fp, any): the geometric mean"
                  + " over the seeds that both have, and the range of them; of averages the ratio of the"
                  + " means ± its standard error over directions, where the lsq's mean is at least two of"
                  + " its own."));
      blocks.add(ratios);
      Block.Table together = together(results, groups);
      if (!together.rows().isEmpty()) {
        blocks.add(
            new Block.Text(
                "The same over the pairs of all widths: the geometric mean and its 95 % interval, by Student's t of"
                    + " the logarithms, as if pairs were independent; of averages as above."));
        blocks.add(together);
      }
    }
    for (Map.Entry<String, Figure> figure : SharpnessFigures.of(results).entrySet()) {
      String caption = Optional.ofNullable(CAPTIONS.get(figure.getKey())).orElse("");
      blocks.add(
          new Block.Picture(
              "sharpness-" + number + "-" + figure.getKey(),
              what + ": " + caption,
              figure.getValue()));
    }
    return blocks;
  }

  private static Block.Table table(SharpnessResults results, List<SharpnessGroup> groups) {
    List<String> head =
        new ArrayList<>(List.of("model", "seeds", "loss", "loss as trained", "scale"));
    Measure.of(results.settings(), Scale.PLAIN).forEach(measure -> head.add(measure.name()));
    head.add("residual");
    List<List<String>> rows = new ArrayList<>();
    for (SharpnessGroup group : groups) {
      for (Scale scale : Scale.values()) {
        List<String> row = new ArrayList<>();
        row.add(group.name());
        row.add(Integer.toString(group.models().size()));
        row.add(mean(group.over(Sharpness::loss)));
        row.add(mean(group.over(found -> found.trained().loss())));
        row.add(scale.label());
        Measure.of(results.settings(), scale).forEach(measure -> row.add(mean(group, measure)));
        row.add(
            mean(group.over(found -> scale.of(found).hessian().eigenvalues().get(0).residual())));
        rows.add(row);
      }
    }
    return new Block.Table(head, rows);
  }

  private static String mean(SharpnessGroup group, Measure measure) {
    Function<Sharpness, AverageSharpness> average = measure.average();
    if (average == null) {
      return mean(group.over(measure.number()));
    }
    AverageSharpness found = group.together(average);
    return Numbers.significant(found.mean(), 4) + " ± " + Numbers.significant(found.error(), 2);
  }

  private static String mean(SummaryStatistics found) {
    String mean = Numbers.significant(found.getMean(), 4);
    return found.getN() == 1
        ? mean
        : mean + " ± " + Numbers.significant(found.getStandardDeviation(), 2);
  }

  private static Block.Table ratios(SharpnessResults results, List<SharpnessGroup> groups) {
    List<String> head = new ArrayList<>(List.of("model", "to", "seeds", "scale"));
    Measure.of(results.settings(), Scale.PLAIN).forEach(measure -> head.add(measure.name()));
    List<List<String>> rows = new ArrayList<>();
    for (SharpnessGroup group : groups) {
      for (SharpnessGroup lsq : groups) {
        List<Ratio.Pair> pairs = group.pairs(lsq);
        if (lsq.isLsqFor(group) && !pairs.isEmpty()) {
          for (Scale scale : Scale.values()) {
            List<String> row = new ArrayList<>();
            row.add(group.name());
            row.add(lsq.name());
            row.add(Integer.toString(pairs.size()));
            row.add(scale.label());
            Measure.of(results.settings(), scale)
                .forEach(
                    measure ->
                        row.add(Ratio.of(pairs, measure).map(SharpnessSection::text).orElse("")));
            rows.add(row);
          }
        }
      }
    }
    return new Block.Table(head, rows);
  }

  /** Pairs of all widths together, where there are two or more. */
  private static Block.Table together(SharpnessResults results, List<SharpnessGroup> groups) {
    Map<List<String>, List<Ratio.Pair>> pairs = new LinkedHashMap<>();
    for (SharpnessGroup group : groups) {
      for (SharpnessGroup lsq : groups) {
        if (lsq.isLsqFor(group)) {
          pairs
              .computeIfAbsent(
                  List.of(group.nameWithoutBits(), lsq.nameWithoutBits()), key -> new ArrayList<>())
              .addAll(group.pairs(lsq));
        }
      }
    }
    List<String> head = new ArrayList<>(List.of("model", "to", "pairs", "scale"));
    Measure.of(results.settings(), Scale.PLAIN).forEach(measure -> head.add(measure.name()));
    List<List<String>> rows = new ArrayList<>();
    pairs.forEach(
        (names, some) -> {
          if (some.size() > 1) {
            for (Scale scale : Scale.values()) {
              List<String> row = new ArrayList<>(names);
              row.add(Integer.toString(some.size()));
              row.add(scale.label());
              Measure.of(results.settings(), scale)
                  .forEach(
                      measure ->
                          row.add(
                              Ratio.interval(some, measure)
                                  .map(SharpnessSection::text)
                                  .orElse("")));
              rows.add(row);
            }
          }
        });
    return new Block.Table(head, rows);
  }

  private static String text(Ratio ratio) {
    String value = Numbers.significant(ratio.value(), 3);
    if (ratio.spread() == Ratio.Spread.STANDARD_ERROR) {
      return value + " ± " + Numbers.significant(ratio.high() - ratio.value(), 2);
    }
    return ratio.pairs() == 1
        ? value
        : value
            + " ["
            + Numbers.significant(ratio.low(), 3)
            + ", "
            + Numbers.significant(ratio.high(), 3)
            + "]";
  }

  /** How much of the rises the last step of ascent added, where it added something. */
  private static String lastSteps(SharpnessResults results) {
    List<String> most = new ArrayList<>();
    for (int i = 0; i < results.settings().rhos().size(); i++) {
      int number = i;
      double largest =
          measures(results)
              .mapToDouble(found -> found.epsilon().get(number).lastStep())
              .max()
              .orElse(0);
      most.add(String.format(Locale.ROOT, "%.1f", 100 * largest));
    }
    return " (a lower bound: the last step still added up to " + String.join(", ", most) + " %)";
  }

  /** What negative Ritz values say, where there are some. */
  private static String smallest(SharpnessResults results) {
    List<Double> negative =
        results.models().stream()
            .map(model -> model.sharpness().plain().hessian().smallest())
            .filter(value -> value < 0)
            .sorted()
            .toList();
    return negative.isEmpty()
        ? ""
        : String.format(
            Locale.ROOT,
            " The Hessian of %d of the %d models has eigenvalues below 0, down to -%s: they"
                + " are at no exact minimum of these rows.",
            negative.size(),
            results.models().size(),
            Numbers.significant(-negative.get(0), 2));
  }

  private static Stream<Sharpness.Measures> measures(SharpnessResults results) {
    return results.models().stream()
        .flatMap(model -> Stream.of(Scale.values()).map(scale -> scale.of(model.sharpness())));
  }
}
