package io.squat.sharpness;

import io.squat.train.Progress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How sharp a minimum is, by all measures.
 *
 * @param loss at the point
 * @param trained the point with activations quantized as they were in training
 * @param weights how many weights are displaced
 * @param weightNorm their Euclidean norm
 * @param plain in the weights as they are
 * @param adaptive in weights that are measured by the norms of their filters
 * @param lines along a random direction that has the norms of the weights' filters, and along the
 *     gradient
 * @param surface over two random directions with the norms of the weights' filters; null if none
 *     was asked for
 */
public record Sharpness(
    double loss,
    Origin trained,
    long weights,
    double weightNorm,
    Measures plain,
    Measures adaptive,
    List<Landscape.Line> lines,
    Landscape.@Nullable Surface surface) {

  /**
   * A loss at no displacement.
   *
   * @param loss the loss
   * @param gradientNorm of its gradient
   */
  public record Origin(double loss, double gradientNorm) {
    /** Of a loss. */
    public static Origin of(Loss loss) {
      return of(loss.slope(loss.point().zeros()));
    }

    private static Origin of(Loss.Slope slope) {
      return new Origin(slope.loss(), slope.gradient().norm());
    }
  }

  /**
   * The measures of one loss.
   *
   * @param gradientNorm of the gradient at the point: the slope's part of the rise in the worst
   *     direction is rho times it
   * @param epsilon the worst direction, for each rho
   * @param average random directions, for each of their rhos
   * @param hessian its largest eigenvalues
   */
  public record Measures(
      double gradientNorm,
      List<EpsilonSharpness> epsilon,
      List<AverageSharpness> average,
      Spectrum hessian) {
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
   * @param trained with activations quantized as they were in training; null if {@code loss} is so
   * @param settings what is measured
   * @param progress is told of every loss that is computed
   * @param name of the model, for the progress
   */
  public static Sharpness of(
      Loss loss,
      Loss smooth,
      @Nullable Origin trained,
      SharpnessSettings settings,
      Progress progress,
      String name) {
    try (Progress.Work work = progress.begin(name, "pass", CountedLoss.passes(settings))) {
      Loss counted = new CountedLoss(loss, work);
      Loss smoothCounted = new CountedLoss(smooth, work);
      Loss.Slope origin = counted.slope(loss.point().zeros());
      ScaledLoss scaled = new ScaledLoss(counted);
      Measures plain = measures(counted, origin, smoothCounted, settings);
      Measures adaptive =
          measures(scaled, scaled.scaled(origin), new ScaledLoss(smoothCounted), settings);
      Weights first = direction(smooth, FIRST, settings);
      return new Sharpness(
          origin.loss(),
          trained == null ? Origin.of(origin) : trained,
          loss.point().size(),
          loss.point().norm(),
          plain,
          adaptive,
          List.of(
              Landscape.line(
                  smoothCounted,
                  "random",
                  first,
                  Landscape.grid(settings.span(), settings.linePoints())),
              Landscape.line(
                  smoothCounted,
                  "gradient",
                  origin.gradient().ofNorm(1),
                  Landscape.grid(settings.gradientSpan(), settings.linePoints()))),
          settings.surfacePoints() == 0
              ? null
              : Landscape.surface(
                  smoothCounted,
                  first,
                  direction(smooth, SECOND, settings),
                  Landscape.grid(settings.span(), settings.surfacePoints())));
    }
  }

  private static Measures measures(
      Loss loss, Loss.Slope origin, Loss smooth, SharpnessSettings settings) {
    return new Measures(
        origin.gradient().norm(),
        settings.rhos().stream()
            .map(rho -> EpsilonSharpness.of(loss, origin, rho, settings.ascentSteps()))
            .toList(),
        AverageSharpness.of(
            loss, origin.loss(), settings.averageRhos(), settings.directions(), settings.seed()),
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
