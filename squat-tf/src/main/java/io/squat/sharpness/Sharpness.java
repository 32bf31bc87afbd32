package io.squat.sharpness;

import static com.google.common.base.Preconditions.checkArgument;

import io.squat.train.Progress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How sharp a minimum is, by all measures.
 *
 * @param loss at the point, a mean over rows: cross entropy in nats, of a regression the squared
 *     error
 * @param trained the point with activations quantized as they were in training
 * @param weights how many weights are displaced
 * @param weightNorm their Euclidean norm
 * @param plain in the weights as they are
 * @param adaptive in weights that are measured by the norms of their filters
 * @param lines along a random direction that has the norms of the weights' filters, and along the
 *     gradient
 * @param surface over two random directions with the norms of the weights' filters; null if it was
 *     not measured
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
   * @param gradientNorm of its gradient: the straight-through one where activations are quantized
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
   * @param seed decides the random directions: the same for models that are compared
   * @param progress is told of every loss that is computed
   * @param name of the model, for the progress
   */
  public static Sharpness of(
      Loss loss,
      Loss smooth,
      @Nullable Origin trained,
      SharpnessSettings settings,
      long seed,
      Progress progress,
      String name) {
    checkArgument(
        loss.point().size() == smooth.point().size(),
        "expected losses of as many weights, found %s and %s",
        loss.point().size(),
        smooth.point().size());
    long passes = CountedLoss.passes(settings, loss == smooth ? 1 : 2);
    try (Progress.Work work = progress.begin(name, "pass", passes)) {
      Loss counted = new CountedLoss(loss, work);
      Loss smoothCounted = new CountedLoss(smooth, work);
      Loss.Slope origin = counted.slope(loss.point().zeros());
      Weights gradient =
          loss == smooth
              ? origin.gradient()
              : smoothCounted.slope(smooth.point().zeros()).gradient();
      ScaledLoss scaled = new ScaledLoss(counted);
      Measures plain = measures(counted, origin, smoothCounted, settings, seed);
      Measures adaptive =
          measures(scaled, scaled.scaled(origin), new ScaledLoss(smoothCounted), settings, seed);
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
                  direction(smooth, FIRST, seed),
                  Landscape.grid(settings.span(), settings.linePoints())),
              Landscape.line(
                  smoothCounted,
                  "gradient",
                  gradient.ofNorm(1),
                  Landscape.grid(settings.gradientSpan(), settings.linePoints()))),
          null);
    }
  }

  /**
   * The same with a surface, whose first direction is that of the random line.
   *
   * @param smooth the loss that has second derivatives
   * @param points how many places along each side
   * @param settings how far it reaches
   * @param seed decides the directions
   * @param progress is told of every loss that is computed
   * @param name of the model, for the progress
   */
  public Sharpness withSurface(
      Loss smooth,
      int points,
      SharpnessSettings settings,
      long seed,
      Progress progress,
      String name) {
    try (Progress.Work work = progress.begin(name, "pass", (long) points * points)) {
      return new Sharpness(
          loss,
          trained,
          weights,
          weightNorm,
          plain,
          adaptive,
          lines,
          Landscape.surface(
              new CountedLoss(smooth, work),
              direction(smooth, FIRST, seed),
              direction(smooth, SECOND, seed),
              Landscape.grid(settings.span(), points)));
    }
  }

  private static Measures measures(
      Loss loss, Loss.Slope origin, Loss smooth, SharpnessSettings settings, long seed) {
    return new Measures(
        origin.gradient().norm(),
        settings.rhos().stream()
            .map(rho -> EpsilonSharpness.of(loss, origin, rho, settings.ascentSteps(), seed))
            .toList(),
        AverageSharpness.of(
            loss, origin.loss(), settings.averageRhos(), settings.directions(), seed),
        Spectrum.of(
            smooth, settings.eigenvalues(), settings.iterations(), settings.difference(), seed));
  }

  private static Weights direction(Loss loss, int number, long seed) {
    return loss.point().gaussian(seed, number).filterNormalised(loss.point());
  }
}
