package io.squat.report;

import io.squat.plots.Figure;
import io.squat.sharpness.AverageSharpness;
import io.squat.sharpness.EpsilonSharpness;
import io.squat.sharpness.Sharpness;
import io.squat.sharpness.SharpnessFigures;
import io.squat.sharpness.SharpnessResults;
import io.squat.sharpness.Spectrum;
import io.squat.train.PlainNumber;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code squat sharpness --out FOLDER/sharpness} measured, as a part of a report on FOLDER.
 */
final class SharpnessSection {
  private static final String FOLDER = "sharpness";

  private static final Map<String, String> CAPTIONS =
      Map.of(
          "sharpness.png",
          "the rise of the loss by the distance, in the worst direction that was found and in random"
              + " ones.",
          "eigenvalues.png",
          "the largest eigenvalues of the Hessian.",
          "lines.png",
          "the loss along a random direction and along the gradient, both with the norms of the"
              + " weights' filters.",
          "surfaces.png",
          "the loss over two random directions with the norms of the weights' filters, all models on"
              + " one scale.");

  private SharpnessSection() {}

  /** Where a folder's results are. */
  static Path file(Path folder) {
    return folder.resolve(FOLDER).resolve(SharpnessResults.FILE);
  }

  /** The results of those folders that have some. */
  static List<SharpnessResults> results(List<Path> folders) {
    return folders.stream()
        .flatMap(folder -> SharpnessResults.read(folder.resolve(FOLDER)).stream())
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
                "On the same %d rows of %s, without dropout, at the quantized weights, activations %s."
                    + " Epsilon-sharpness is the largest rise of the loss within rho that %d steps of"
                    + " ascent found, average sharpness the mean rise over %d random directions ± their"
                    + " standard deviation. Adaptive: weights measured by the norms of their filters."
                    + " A residual says how well an eigenvalue is one: how far the Hessian's product with its"
                    + " vector, by a difference half as wide, is from it times the vector.",
                results.rows(),
                results.split(),
                results.activations()
                    ? "quantized, but not for eigenvalues and pictures"
                    : "not quantized",
                results.settings().ascentSteps(),
                results.settings().directions())));
    blocks.add(table(results));
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

  private static Block.Table table(SharpnessResults results) {
    List<String> head = new ArrayList<>(List.of("model", "scale", "loss"));
    for (double rho : results.settings().rhos()) {
      head.add("epsilon, rho " + PlainNumber.of(rho));
      head.add("average, rho " + PlainNumber.of(rho));
    }
    head.add("largest eigenvalue");
    List<List<String>> rows = new ArrayList<>();
    for (SharpnessResults.Model model : results.models()) {
      Sharpness found = model.sharpness();
      rows.add(row(model, "plain", found.plain()));
      rows.add(row(model, "adaptive", found.adaptive()));
    }
    return new Block.Table(head, rows);
  }

  private static List<String> row(
      SharpnessResults.Model model, String scale, Sharpness.Measures measures) {
    List<String> row = new ArrayList<>(List.of(model.name(), scale));
    row.add(String.format(Locale.ROOT, "%.4f", model.sharpness().loss()));
    for (int i = 0; i < measures.epsilon().size(); i++) {
      EpsilonSharpness epsilon = measures.epsilon().get(i);
      AverageSharpness average = measures.average().get(i);
      row.add(String.format(Locale.ROOT, "%.4g", epsilon.maximum()));
      row.add(String.format(Locale.ROOT, "%.2g ± %.2g", average.mean(), average.deviation()));
    }
    Spectrum.Eigenvalue largest = measures.hessian().eigenvalues().get(0);
    row.add(
        String.format(Locale.ROOT, "%.4g (residual %.2g)", largest.value(), largest.residual()));
    return row;
  }
}
