package io.squat.sharpness;

/** How far a displacement of the weights is. */
public enum Scale {
  /** By the norm of the displacement itself. */
  PLAIN("plain", "weights as they are"),
  /** In norms of the weights' own filters, which does not change when all weights are scaled. */
  ADAPTIVE("adaptive", "by the norm of filters");

  private final String label;
  private final String words;

  Scale(String label, String words) {
    this.label = label;
    this.words = words;
  }

  /** In tables. */
  public String label() {
    return label;
  }

  /** In titles of pictures. */
  String words() {
    return words;
  }

  /** What was measured of a model by it. */
  public Sharpness.Measures of(Sharpness found) {
    return switch (this) {
      case PLAIN -> found.plain();
      case ADAPTIVE -> found.adaptive();
    };
  }
}
