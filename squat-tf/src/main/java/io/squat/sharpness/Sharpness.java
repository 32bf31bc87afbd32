package io.squat.sharpness;

import io.squat.train.Progress;
import java.util.List;

/**
 * How sharp a minimum is, by all measures.
 *
 * @param loss at the point
 * @param gradientNorm of the gradient there
 * @param weights how many weights are displaced
 * @param plain in the weights as they are
 * @param adaptive in weights that are measured by the norms of their filters
 * @param lines along a random direction and along the gradient, both with the norms of the weights'
 *     filters
 * @param surface over two random directions with the norms of the weights' filters
 */
public record Sharpness(
    double loss,
    double gradientNorm,
    long weights,
    Measures plain,
    Measures adaptive,
    List<Landscape.Line> lines,
    Landscape.Surface surface) {

  /**
   * The measures of one loss.
   *
   * @param epsilon the worst direction, for each rho
   * @param average random directions, for each rho
   * @param hessian its largest eigenvalues
   */
  public record Measures(
      List<EpsilonSharpness> epsilon, List<AverageSharpness> average, Spectrum hessian) {
    /** Copies the lists. */
    public Measures {
      epsilon = List.copyOf(epsilon);
      average = List.copyOf(average);
    }
  }

  /** Numbers of the random directions of pictures; the averages' count from 0. */
  private static final int FIRST = -1;

  private static final int SECOND = -2;

  /** Copies the lists. */
  public Sharpness {
    lines = List.copyOf(lines);
  }

  /**
   * Measures.
   *
   * @param loss what epsilon and average sharpness are measured of
   * @param smooth what has second derivatives: the same, or without quantized activations
   * @param settings what is measured
   * @param progress is told of every loss that is computed
   */
  public static Sharpness of(
      Loss loss, Loss smooth, SharpnessSettings settings, Progress progress) {
    try (Progress.Work work =
        progress.begin("measuring sharpness", "pass", CountedLoss.passes(settings))) {
      Loss counted = new CountedLoss(loss, work);
      Loss smoothCounted = new CountedLoss(smooth, work);
      Weights here = loss.point().zeros();
      Loss.Slope origin = counted.slope(here);
      Measures plain = measures(counted, smoothCounted, settings);
      Measures adaptive =
          measures(new ScaledLoss(counted), new ScaledLoss(smoothCounted), settings);
      Weights first = direction(smooth, FIRST, settings);
      Weights second = direction(smooth, SECOND, settings);
      Weights gradient = smoothCounted.slope(here).gradient().filterNormalised(smooth.point());
      List<Double> along = Landscape.grid(settings.span(), settings.linePoints());
      return new Sharpness(
          origin.loss(),
          origin.gradient().norm(),
          loss.point().size(),
          plain,
          adaptive,
          List.of(
              Landscape.line(smoothCounted, "random", first, along),
              Landscape.line(smoothCounted, "gradient", gradient, along)),
          Landscape.surface(
              smoothCounted,
              first,
              second,
              Landscape.grid(settings.span(), settings.surfacePoints())));
    }
  }

  private static Measures measures(Loss loss, Loss smooth, SharpnessSettings settings) {
    Loss.Slope origin = loss.slope(loss.point().zeros());
    return new Measures(
        settings.rhos().stream()
            .map(rho -> EpsilonSharpness.of(loss, origin, rho, settings.ascentSteps()))
            .toList(),
        AverageSharpness.of(
            loss, origin.loss(), settings.rhos(), settings.directions(), settings.seed()),
        Spectrum.of(
            smooth,
            settings.eigenvalues(),
            settings.iterations(),
            settings.difference(),
            settings.seed()));
  }

  private static Weights direction(Loss loss, int number, SharpnessSettings settings) {
    return loss.point().gaussian(settings.seed(), number).filterNormalised(loss.point());
  }
}
