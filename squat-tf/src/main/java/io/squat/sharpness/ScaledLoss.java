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
public final class ScaledLoss implements Loss {
  private final Loss loss;
  private final Weights scale;

  /** The loss in the filters' own scale. */
  public ScaledLoss(Loss loss) {
    this.loss = loss;
    this.scale = loss.point().filterNorms();
  }

  @Override
  public Weights point() {
    return loss.point();
  }

  @Override
  public double at(Weights displacement) {
    return loss.at(displacement.times(scale));
  }

  @Override
  public Slope slope(Weights displacement) {
    Slope slope = loss.slope(displacement.times(scale));
    return new Slope(slope.loss(), slope.gradient().times(scale));
  }
}
