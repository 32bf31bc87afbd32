package io.squat.sharpness;

import io.squat.train.PlainNumber;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as rows of text. */
public final class SharpnessTables {
  private SharpnessTables() {}

  /**
   * One number a line.
   *
   * <pre>run,group,method,bits,seed,scale,measure,rho,value,error</pre>
   *
   * <p>The error is the standard deviation over directions, or the residual of an eigenvalue.
   */
  public static String csv(SharpnessResults results) {
    List<String> lines = new ArrayList<>();
    lines.add("run,group,method,bits,seed,scale,measure,rho,value,error");
    for (SharpnessResults.Model model : results.models()) {
      Sharpness found = model.sharpness();
      line(lines, model, "", "loss", "", found.loss(), "");
      line(lines, model, "", "loss as trained", "", found.trained().loss(), "");
      line(
          lines,
          model,
          "plain",
          "gradient norm as trained",
          "",
          found.trained().gradientNorm(),
          "");
      line(lines, model, "", "weight norm", "", found.weightNorm(), "");
      measures(lines, model, "plain", found.plain());
      measures(lines, model, "adaptive", found.adaptive());
    }
    return String.join("\n", lines) + "\n";
  }

  private static void measures(
      List<String> lines, SharpnessResults.Model model, String scale, Sharpness.Measures measures) {
    line(lines, model, scale, "gradient norm", "", measures.gradientNorm(), "");
    for (EpsilonSharpness found : measures.epsilon()) {
      String rho = Double.toString(found.rho());
      line(lines, model, scale, "epsilon-sharpness first", rho, found.first(), "");
      line(lines, model, scale, "epsilon-sharpness maximum", rho, found.maximum(), "");
    }
    for (AverageSharpness found : measures.average()) {
      line(
          lines,
          model,
          scale,
          "average sharpness",
          Double.toString(found.rho()),
          found.mean(),
          Double.toString(found.deviation()));
    }
    List<Spectrum.Eigenvalue> eigenvalues = measures.hessian().eigenvalues();
    for (int i = 0; i < eigenvalues.size(); i++) {
      line(
          lines,
          model,
          scale,
          "eigenvalue " + (i + 1),
          "",
          eigenvalues.get(i).value(),
          Double.toString(eigenvalues.get(i).residual()));
    }
    line(lines, model, scale, "smallest Ritz value", "", measures.hessian().smallest(), "");
  }

  private static void line(
      List<String> lines,
      SharpnessResults.Model model,
      String scale,
      String measure,
      String rho,
      double value,
      String error) {
    lines.add(
        String.join(
            ",",
            quoted(model.run()),
            model.group(),
            model.method(),
            model.bits(),
            Long.toString(model.seed()),
            scale,
            measure,
            rho,
            Double.toString(value),
            error));
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
              "  %-8s rho %-6s epsilon-sharpness %.4f (along the gradient %.4f)%n",
              scale,
              PlainNumber.of(epsilon.rho()),
              epsilon.maximum(),
              epsilon.first()));
    }
    for (AverageSharpness average : measures.average()) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-8s rho %-6s average sharpness %.5f ± %.5f over directions%n",
              scale,
              PlainNumber.of(average.rho()),
              average.mean(),
              average.deviation()));
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
