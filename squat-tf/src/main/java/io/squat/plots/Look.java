package io.squat.plots;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;

/**
 * How a curve looks. The first seven of {@link #of} differ in colour, dashes and marker, so that
 * they can be told apart without colours; the colours are those of Okabe and Ito, which the
 * colour-blind can tell apart.
 *
 * @param rgb the colour
 * @param dash a number of the dashes
 * @param marker a number of the marker
 */
public record Look(int rgb, int dash, int marker) {
  // Blue, vermilion, bluish green, black, reddish purple, orange, sky blue.
  private static final List<Integer> COLOURS =
      List.of(0x0072B2, 0xD55E00, 0x009E73, 0x000000, 0xCC79A7, 0xE69F00, 0x56B4E9);
  private static final List<List<Float>> DASHES =
      List.of(
          List.of(),
          List.of(7f, 3f),
          List.of(2f, 2f),
          List.of(8f, 3f, 2f, 3f),
          List.of(12f, 3f),
          List.of(3f, 6f),
          List.of(12f, 3f, 2f, 3f, 2f, 3f));

  private static final double SIZE = 7;
  private static final float WIDTH = 1.6f;
  private static final int DARK = 0x08306B;
  private static final int LIGHT = 0x9ECAE1;

  /** The look of a number; the first seven differ in everything, the first 49 in something. */
  public static Look of(int number) {
    int turned = number + number / COLOURS.size();
    return new Look(COLOURS.get(number % COLOURS.size()), turned % DASHES.size(), turned);
  }

  /**
   * The looks of curves that are of some kinds: the first of a kind has the kind's look, which is
   * the same on all pictures; further ones have looks that no kind has.
   */
  public static <K extends Enum<K>> List<Look> ofKinds(List<K> kinds) {
    List<Look> looks = new ArrayList<>();
    int further = 0;
    for (int i = 0; i < kinds.size(); i++) {
      K kind = kinds.get(i);
      boolean first = kinds.indexOf(kind) == i;
      List<K> all = List.of(kind.getDeclaringClass().getEnumConstants());
      looks.add(of(first ? all.indexOf(kind) : all.size() + further));
      further += first ? 0 : 1;
    }
    return looks;
  }

  /**
   * One of an ordered family, such as a layer of many.
   *
   * @param part from 0, dark, to 1, light
   * @param dash a number of the dashes
   */
  public static Look shade(double part, int dash) {
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      long from = DARK >> shift & 0xFF;
      long to = LIGHT >> shift & 0xFF;
      rgb |= (int) Math.round(from + part * (to - from)) << shift;
    }
    return new Look(rgb, dash, 0);
  }

  Color color() {
    return new Color(rgb);
  }

  BasicStroke stroke() {
    List<Float> dashes = DASHES.get(dash % DASHES.size());
    if (dashes.isEmpty()) {
      return new BasicStroke(WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND);
    }
    float[] lengths = new float[dashes.size()];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = dashes.get(i);
    }
    return new BasicStroke(
        WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, /* miterlimit= */ 1, lengths, 0);
  }

  Shape shape() {
    double half = SIZE / 2;
    Shape square = new Rectangle2D.Double(-half, -half, SIZE, SIZE);
    return switch (marker % COLOURS.size()) {
      case 0 -> new Ellipse2D.Double(-half, -half, SIZE, SIZE);
      case 1 -> square;
      case 2 -> triangle(0);
      case 3 -> AffineTransform.getRotateInstance(Math.PI / 4).createTransformedShape(square);
      case 4 -> triangle(2);
      case 5 -> triangle(1);
      default -> triangle(3);
    };
  }

  /** A triangle that points up, turned by so many quarters. */
  private static Shape triangle(int quarters) {
    double half = SIZE / 2;
    Path2D path = new Path2D.Double();
    path.moveTo(0, -half);
    path.lineTo(half, half);
    path.lineTo(-half, half);
    path.closePath();
    return AffineTransform.getQuadrantRotateInstance(quarters).createTransformedShape(path);
  }
}
