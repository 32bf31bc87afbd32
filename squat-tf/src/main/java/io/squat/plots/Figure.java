package io.squat.plots;

import java.util.List;

/**
 * Plots side by side that share a legend. Those of a row whose upright axes have the same label
 * share its range, too, so that they compare.
 *
 * @param columns how many stand in a row
 * @param plots row by row
 * @param note what stands below in small letters; empty for nothing
 */
public record Figure(int columns, List<Plot> plots, String note) {
  /** Copies the plots. */
  public Figure {
    plots = List.copyOf(plots);
    if (columns < 1 || plots.isEmpty()) {
      throw new IllegalArgumentException(
          "figure: expected a column and a plot at least, found "
              + columns
              + " columns and "
              + plots.size()
              + " plots");
    }
  }

  /** Without a note. */
  public Figure(int columns, List<Plot> plots) {
    this(columns, plots, "");
  }

  /** How wide it is on a screen, in pixels; its PNG has twice as many. */
  public int width() {
    return new Drawing(this).width();
  }

  /** Draws it as a PNG of twice the pixels, for paper. */
  public byte[] png() {
    return new Drawing(this).png();
  }
}
