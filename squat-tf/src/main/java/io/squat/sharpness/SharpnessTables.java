package io.squat.sharpness;

import io.squat.train.PlainNumber;
import io.squat.train.SettingsText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as rows of text. */
public final class SharpnessTables {
  private SharpnessTables() {}

  /**
   * One number a line.
   *
   * <pre>
   * run,method,bits,settings,run_seed,split,rows,seed,activations,scale,measure,rho,value,error
   * </pre>
   *
   * <p>The seed is that of the measurement, the run's stands beside it. The error is the standard
   * deviation over directions, or the residual of an eigenvalue.
   */
  public static String csv(SharpnessResults results) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "run,method,bits,settings,run_seed,split,rows,seed,activations,scale,measure,rho,value,error");
    for (SharpnessResults.Model model : results.models()) {
      lines.addAll(new Lines(results, model).all());
    }
    return String.join("\n", lines) + "\n";
  }

  /** The lines of one model. */
  private static final class Lines {
    private final SharpnessResults.Model model;
    private final String begin;
    private final List<String> lines = new ArrayList<>();

    Lines(SharpnessResults results, SharpnessResults.Model model) {
      this.model = model;
      this.begin =
          String.join(
              ",",
              quoted(model.run()),
              model.method(),
              model.bits(),
              quoted(SettingsText.words(model.settings())),
              Long.toString(model.seed()),
              results.split(),
              Integer.toString(results.rows()),
              Long.toString(results.settings().seed()),
              Boolean.toString(results.activations() && model.hasActivationQuantizers()));
    }

    List<String> all() {
      Sharpness found = model.sharpness();
      line("", "loss", "", found.loss(), "");
      line("", "loss as trained", "", found.trained().loss(), "");
      line("plain", "gradient norm as trained", "", found.trained().gradientNorm(), "");
      line("", "weight norm", "", found.weightNorm(), "");
      measures("plain", found.plain());
      measures("adaptive", found.adaptive());
      return lines;
    }

    private void measures(String scale, Sharpness.Measures measures) {
      line(scale, "gradient norm", "", measures.gradientNorm(), "");
      for (EpsilonSharpness found : measures.epsilon()) {
        String rho = Double.toString(found.rho());
        line(scale, "epsilon-sharpness first", rho, found.first(), "");
        line(scale, "epsilon-sharpness maximum", rho, found.maximum(), "");
        line(scale, "epsilon-sharpness last step", rho, found.lastStep(), "");
      }
      for (AverageSharpness found : measures.average()) {
        line(
            scale,
            "average sharpness",
            Double.toString(found.rho()),
            found.mean(),
            Double.toString(found.deviation()));
      }
      List<Spectrum.Eigenvalue> eigenvalues = measures.hessian().eigenvalues();
      for (int i = 0; i < eigenvalues.size(); i++) {
        Spectrum.Eigenvalue found = eigenvalues.get(i);
        line(scale, "eigenvalue " + (i + 1), "", found.value(), Double.toString(found.residual()));
      }
      line(scale, "smallest Ritz value", "", measures.hessian().smallest(), "");
    }

    private void line(String scale, String measure, String rho, double value, String error) {
      lines.add(String.join(",", begin, scale, measure, rho, Double.toString(value), error));
    }
  }

  private static String quoted(String text) {
    return text.matches("[^\",\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  /** A few lines about a model, for a reader. */
  public static String text(SharpnessResults.Model model) {
    StringBuilder text = new StringBuilder();
    Sharpness found = model.sharpness();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: loss %.4f (activations as trained %.4f), %.1f M weights of norm %.4g%n",
            model.name(),
            found.loss(),
            found.trained().loss(),
            found.weights() / 1e6,
            found.weightNorm()));
    text(text, "plain", found.plain());
    text(text, "adaptive", found.adaptive());
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
