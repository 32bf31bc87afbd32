package io.squat.cli;

import io.squat.sharpness.Landscape;
import io.squat.sharpness.SharpnessSettings;
import java.util.List;
import picocli.CommandLine.Option;

/** What {@code squat sharpness} measures. */
final class SharpnessOptions {
  @Option(
      names = "--rho",
      split = ",",
      defaultValue = "0.01,0.02,0.05",
      paramLabel = "RHO",
      description = "Radii in which the worst direction is looked for (default: ${DEFAULT-VALUE}).")
  private List<Double> rhos = List.of();

  @Option(
      names = "--average-rho",
      split = ",",
      defaultValue = "10,30",
      paramLabel = "RHO",
      description =
          "How far random directions go: farther, since hardly any of them is steep (default:"
              + " ${DEFAULT-VALUE}).")
  private List<Double> averageRhos = List.of();

  @Option(
      names = "--ascent-steps",
      defaultValue = "3",
      paramLabel = "N",
      description = "Steps of the search for the worst direction (default: ${DEFAULT-VALUE}).")
  private int ascentSteps;

  @Option(
      names = "--directions",
      defaultValue = "8",
      paramLabel = "N",
      description =
          "Random directions, each taken both ways; 2 or more (default: ${DEFAULT-VALUE}).")
  private int directions;

  @Option(
      names = "--eigenvalues",
      defaultValue = "2",
      paramLabel = "N",
      description = "Eigenvalues of the Hessian, the largest ones (default: ${DEFAULT-VALUE}).")
  private int eigenvalues;

  @Option(
      names = "--iterations",
      defaultValue = "8",
      paramLabel = "N",
      description =
          "Products with the Hessian, of which the eigenvalues are found, at least as many as those;"
              + " residuals tell how well (default: ${DEFAULT-VALUE}).")
  private int iterations;

  @Option(
      names = "--difference",
      defaultValue = "0.002",
      paramLabel = "H",
      description =
          "How far on either side the gradients of a product are taken; residuals tell whether it is"
              + " too far or too near (default: ${DEFAULT-VALUE}).")
  private double difference;

  @Option(
      names = "--span",
      defaultValue = "0.5",
      paramLabel = "S",
      description =
          "How far pictures reach along random directions, in norms of the weights' filters (default:"
              + " ${DEFAULT-VALUE}).")
  private double span;

  @Option(
      names = "--gradient-span",
      defaultValue = "0.05",
      paramLabel = "S",
      description = "How far the picture along the gradient reaches (default: ${DEFAULT-VALUE}).")
  private double gradientSpan;

  @Option(
      names = "--line-points",
      defaultValue = "15",
      paramLabel = "N",
      description = "Places along a line, an odd number (default: ${DEFAULT-VALUE}).")
  private int linePoints;

  @Option(
      names = "--surface-points",
      defaultValue = "15",
      paramLabel = "N",
      description =
          "Places along a side of the surface, an odd number, 0 for none: it is half of the passes, and can be added"
              + " later (default: ${DEFAULT-VALUE}).")
  private int surfacePoints;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Decides the rows and, with the seed of each run, the random directions (default:"
              + " ${DEFAULT-VALUE}).")
  private long seed;

  SharpnessSettings settings() {
    return new SharpnessSettings(
        rhos,
        ascentSteps,
        averageRhos,
        directions,
        eigenvalues,
        iterations,
        difference,
        span,
        gradientSpan,
        linePoints,
        seed);
  }

  /**
   * Places along a side of the surface; 0 for none.
   *
   * @throws IllegalArgumentException if they are too few, or even
   */
  int surfacePoints() {
    if (surfacePoints != 0) {
      Landscape.checkPoints("surface-points", surfacePoints);
    }
    return surfacePoints;
  }
}
