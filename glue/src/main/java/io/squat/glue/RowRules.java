package io.squat.glue;

import com.google.errorprone.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of a file are read.
 *
 * @param layout which columns hold what
 * @param skipRagged whether rows with another number of columns than the header are skipped; else
 *     they are errors
 * @param skippedLabel rows with this label are skipped; null for none
 * @param minScore lowest score of regression
 * @param maxScore highest score of regression
 */
@Immutable
record RowRules(
    Layout layout,
    boolean skipRagged,
    @Nullable String skippedLabel,
    float minScore,
    float maxScore) {

  /** Nothing is skipped, and any score is one. */
  static RowRules of(Layout layout) {
    return new RowRules(layout, false, null, -Float.MAX_VALUE, Float.MAX_VALUE);
  }

  RowRules skippingRagged() {
    return new RowRules(layout, true, skippedLabel, minScore, maxScore);
  }

  RowRules skippingLabel(String label) {
    return new RowRules(layout, skipRagged, label, minScore, maxScore);
  }

  RowRules withScores(float min, float max) {
    return new RowRules(layout, skipRagged, skippedLabel, min, max);
  }

  RowRules withoutLabel() {
    return new RowRules(layout.withoutLabel(), skipRagged, skippedLabel, minScore, maxScore);
  }
}
