package io.squat.sharpness;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as rows of text. */
public final class SharpnessTables {
  private SharpnessTables() {}

  /**
   * One number a line.
   *
   * <pre>run,method,bits,seed,scale,measure,rho,value,error</pre>
   *
   * <p>The error is the standard deviation over directions, or the residual of an eigenvalue.
   */
  public static String csv(SharpnessResults results) {
    List<String> lines = new ArrayList<>();
    lines.add("run,method,bits,seed,scale,measure,rho,value,error");
    for (SharpnessResults.Model model : results.models()) {
      Sharpness found = model.sharpness();
      line(lines, model, "", "loss", "", found.loss(), "");
      line(lines, model, "", "gradient norm", "", found.gradientNorm(), "");
      measures(lines, model, "plain", found.plain());
      measures(lines, model, "adaptive", found.adaptive());
    }
    return String.join("\n", lines) + "\n";
  }

  private static void measures(
      List<String> lines, SharpnessResults.Model model, String scale, Sharpness.Measures measures) {
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
            "%s: loss %.4f, gradient norm %.3g, %.1f M weights%n",
            model.name(),
            found.loss(),
            found.gradientNorm(),
            found.weights() / 1e6));
    text(text, "plain", found.plain());
    text(text, "adaptive", found.adaptive());
    return text.toString();
  }

  private static void text(StringBuilder text, String scale, Sharpness.Measures measures) {
    for (int i = 0; i < measures.epsilon().size(); i++) {
      EpsilonSharpness epsilon = measures.epsilon().get(i);
      AverageSharpness average = measures.average().get(i);
      text.append(
          String.format(
              Locale.ROOT,
              "  %-8s rho %-6s epsilon-sharpness %.4f (along the gradient %.4f), average %.5f ± %.5f%n",
              scale,
              Double.toString(epsilon.rho()),
              epsilon.maximum(),
              epsilon.first(),
              average.mean(),
              average.deviation()));
    }
    text.append(String.format(Locale.ROOT, "  %-8s eigenvalues", scale));
    for (Spectrum.Eigenvalue eigenvalue : measures.hessian().eigenvalues()) {
      text.append(
          String.format(
              Locale.ROOT, " %.4g (residual %.2g)", eigenvalue.value(), eigenvalue.residual()));
    }
    if (measures.hessian().eigenvalues().stream().anyMatch(Spectrum.Eigenvalue::isRough)) {
      text.append("; rough where residuals are large: more --iterations help");
    }
    text.append(System.lineSeparator());
  }
}
