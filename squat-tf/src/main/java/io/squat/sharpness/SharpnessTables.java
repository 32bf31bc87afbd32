package io.squat.sharpness;

import io.squat.files.Csv;
import io.squat.train.PlainNumber;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as rows of text. */
public final class SharpnessTables {
  private static final List<String> HEAD =
      List.of(
          "run",
          "method",
          "bits",
          "settings",
          "run_seed",
          "split",
          "rows",
          "seed",
          "activations",
          "scale",
          "measure",
          "rho",
          "value",
          "error");

  private SharpnessTables() {}

  /**
   * One number a line.
   *
   * <pre>
   * run,method,bits,settings,run_seed,split,rows,seed,activations,scale,measure,rho,value,error
   * </pre>
   *
   * <p>The seed is that of the measurement, the run's stands beside it. Activations are true where
   * the number is of a model with quantized activations. The error is the standard error of an
   * average over directions, or the residual of an eigenvalue.
   */
  public static String csv(SharpnessResults results) {
    List<List<String>> rows = new ArrayList<>();
    for (SharpnessResults.Model model : results.models()) {
      rows.addAll(new Lines(results, model).all());
    }
    return Csv.text(HEAD, rows);
  }

  /** The lines of one model. */
  private static final class Lines {
    private final SharpnessResults results;
    private final SharpnessResults.Model model;
    private final boolean quantized;
    private final List<List<String>> lines = new ArrayList<>();

    Lines(SharpnessResults results, SharpnessResults.Model model) {
      this.results = results;
      this.model = model;
      this.quantized = results.activations() && model.hasActivationQuantizers();
    }

    List<List<String>> all() {
      Sharpness found = model.sharpness();
      boolean asTrained = model.hasActivationQuantizers();
      line(quantized, "", "loss", "", found.loss(), "");
      line(asTrained, "", "loss as trained", "", found.trained().loss(), "");
      line(
          asTrained,
          Scale.PLAIN.label(),
          "gradient norm as trained",
          "",
          found.trained().gradientNorm(),
          "");
      line(quantized, "", "weight norm", "", found.weightNorm(), "");
      for (Scale scale : Scale.values()) {
        measures(scale.label(), scale.of(found));
      }
      return lines;
    }

    private void measures(String scale, Sharpness.Measures measures) {
      line(quantized, scale, "gradient norm", "", measures.gradientNorm(), "");
      for (EpsilonSharpness found : measures.epsilon()) {
        String rho = Double.toString(found.rho());
        line(quantized, scale, "epsilon-sharpness first", rho, found.first(), "");
        line(quantized, scale, "epsilon-sharpness maximum", rho, found.maximum(), "");
        line(quantized, scale, "epsilon-sharpness last step", rho, found.lastStep(), "");
      }
      for (AverageSharpness found : measures.average()) {
        String rho = Double.toString(found.rho());
        String error = Double.toString(found.error());
        line(quantized, scale, "average sharpness", rho, found.mean(), error);
        line(quantized, scale, "average sharpness deviation", rho, found.deviation(), "");
      }
      // Second derivatives are never those of quantized activations.
      List<Spectrum.Eigenvalue> eigenvalues = measures.hessian().eigenvalues();
      for (int i = 0; i < eigenvalues.size(); i++) {
        Spectrum.Eigenvalue found = eigenvalues.get(i);
        String residual = Double.toString(found.residual());
        line(false, scale, "eigenvalue " + (i + 1), "", found.value(), residual);
      }
      line(false, scale, "smallest Ritz value", "", measures.hessian().smallest(), "");
    }

    private void line(
        boolean activations, String scale, String measure, String rho, double value, String error) {
      lines.add(
          List.of(
              model.run(),
              model.method(),
              model.bits(),
              SettingsText.words(model.settings()),
              Long.toString(model.seed()),
              results.split(),
              Integer.toString(results.rows()),
              Long.toString(results.settings().seed()),
              Boolean.toString(activations),
              scale,
              measure,
              rho,
              Double.toString(value),
              error));
    }
  }

  /** A few lines about a model, for a reader. */
  public static String text(SharpnessResults.Model model) {
    StringBuilder text = new StringBuilder();
    Sharpness found = model.sharpness();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: loss %.4f (activations as trained %.4f), %,d weights of norm %.4g%n",
            model.name(),
            found.loss(),
            found.trained().loss(),
            found.weights(),
            found.weightNorm()));
    for (Scale scale : Scale.values()) {
      text(text, scale.label(), scale.of(found));
    }
    return text.toString();
  }

  private static void text(StringBuilder text, String scale, Sharpness.Measures measures) {
    text.append(
        String.format(Locale.ROOT, "  %-8s gradient norm %.4g%n", scale, measures.gradientNorm()));
    for (EpsilonSharpness epsilon : measures.epsilon()) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-8s rho %-6s epsilon-sharpness %.4f (along the gradient %.4f; the last step added %.0f %%)%n",
              scale,
              PlainNumber.of(epsilon.rho()),
              epsilon.maximum(),
              epsilon.first(),
              100 * epsilon.lastStep()));
    }
    for (AverageSharpness average : measures.average()) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-8s rho %-6s average sharpness %.5f, standard error over directions %.5f%n",
              scale,
              PlainNumber.of(average.rho()),
              average.mean(),
              average.error()));
    }
    text.append(String.format(Locale.ROOT, "  %-8s largest eigenvalues", scale));
    for (Spectrum.Eigenvalue eigenvalue : measures.hessian().eigenvalues()) {
      text.append(
          String.format(
              Locale.ROOT, " %.4g (residual %.2g)", eigenvalue.value(), eigenvalue.residual()));
    }
    if (measures.hessian().eigenvalues().stream().anyMatch(Spectrum.Eigenvalue::isRough)) {
      text.append(
          "; rough where residuals are large: try more --iterations, then another --difference");
    }
    text.append(System.lineSeparator());
  }
}
