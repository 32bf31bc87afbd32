package io.squat.sharpness;

/**
 * A loss in weights that are measured by the norm of their filters.
 *
 * <pre>
 * L'(u) = L(T u),   dL'/du = T dL/de,   T = ||filter of the weight||
 * </pre>
 *
 * <p>A displacement u of norm rho moves filters by parts of their own norm, so that a model whose
 * weights are all twice as large and whose outputs are the same is as sharp: measures of this loss
 * are the adaptive ones (Kwon et al., "ASAM", ICML 2021, section 3, with T by filter).
 */
final class ScaledLoss implements Loss {
  private final Loss loss;
  private final FilterNorms scale;

  /** The loss in the filters' own scale. */
  ScaledLoss(Loss loss) {
    this.loss = loss;
    this.scale = FilterNorms.of(loss.point());
  }

  @Override
  public Weights point() {
    return loss.point();
  }

  @Override
  public double at(Weights displacement) {
    return loss.at(scale.times(displacement));
  }

  @Override
  public Slope slope(Weights displacement) {
    return scaled(loss.slope(scale.times(displacement)));
  }

  /** The slope of this loss where the other one has a slope. */
  Slope scaled(Slope slope) {
    return new Slope(slope.loss(), scale.times(slope.gradient()));
  }
}
