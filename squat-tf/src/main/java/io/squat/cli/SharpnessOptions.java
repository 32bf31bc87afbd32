package io.squat.cli;

import io.squat.sharpness.SharpnessSettings;
import java.util.List;
import picocli.CommandLine.Option;

/** What {@code squat sharpness} measures. */
final class SharpnessOptions {
  @Option(
      names = "--rho",
      split = ",",
      defaultValue = "0.02,0.2,5",
      paramLabel = "RHO",
      description = "Radii, and distances of random directions (default: ${DEFAULT-VALUE}).")
  private List<Double> rhos = List.of();

  @Option(
      names = "--ascent-steps",
      defaultValue = "3",
      paramLabel = "N",
      description = "Steps of the search for the worst direction (default: ${DEFAULT-VALUE}).")
  private int ascentSteps;

  @Option(
      names = "--directions",
      defaultValue = "5",
      paramLabel = "N",
      description = "Random directions (default: ${DEFAULT-VALUE}).")
  private int directions;

  @Option(
      names = "--eigenvalues",
      defaultValue = "3",
      paramLabel = "N",
      description = "Eigenvalues of the Hessian, the largest ones (default: ${DEFAULT-VALUE}).")
  private int eigenvalues;

  @Option(
      names = "--iterations",
      defaultValue = "8",
      paramLabel = "N",
      description =
          "Products with the Hessian, of which the eigenvalues are found; residuals tell how well"
              + " (default: ${DEFAULT-VALUE}).")
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
          "How far pictures reach, in norms of the weights' filters (default: ${DEFAULT-VALUE}).")
  private double span;

  @Option(
      names = "--line-points",
      defaultValue = "15",
      paramLabel = "N",
      description = "Places along a line (default: ${DEFAULT-VALUE}).")
  private int linePoints;

  @Option(
      names = "--surface-points",
      defaultValue = "15",
      paramLabel = "N",
      description = "Places along a side of the surface (default: ${DEFAULT-VALUE}).")
  private int surfacePoints;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Decides the rows and the random directions (default: ${DEFAULT-VALUE}).")
  private long seed;

  SharpnessSettings settings() {
    return new SharpnessSettings(
        rhos,
        ascentSteps,
        directions,
        eigenvalues,
        iterations,
        difference,
        span,
        linePoints,
        surfacePoints,
        seed);
  }
}
