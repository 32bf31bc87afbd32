package io.squat.plots;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.data.Range;
import org.junit.jupiter.api.Test;

class FigureTest {
  private static final Look LOOK = Look.of(0);

  private static Plot plot(Curve.Form form, Axis y) {
    List<Point> points = List.of(Point.of(1, 10, 2), Point.of(2, 1000, 2), Point.of(3, 100, 2));
    return new Plot(
        "title", Axis.whole("x"), y, List.of(new Curve("one", LOOK, form, points)), List.of(2.0));
  }

  private static BufferedImage image(Figure figure) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(figure.png()));
  }

  private static int pixels(BufferedImage image, int rgb) {
    int count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count += (image.getRGB(x, y) & 0xFFFFFF) == rgb ? 1 : 0;
      }
    }
    return count;
  }

  @Test
  void everyFormIsDrawnInItsColourAtTwiceTheSize() throws IOException {
    for (Curve.Form form : Curve.Form.values()) {
      Axis first = form == Curve.Form.BARS ? Axis.linear("y") : Axis.log("y"); // 0 has no logarithm
      Figure figure = new Figure(2, List.of(plot(form, first), plot(form, Axis.linear("z"))));
      BufferedImage image = image(figure);
      assertEquals(2 * figure.width(), image.getWidth());
      int left = pixels(image.getSubimage(0, 0, figure.width(), image.getHeight()), LOOK.rgb());
      int right =
          pixels(
              image.getSubimage(figure.width(), 0, figure.width(), image.getHeight()), LOOK.rgb());
      assertTrue(left > 500 && right > 500, form + ": " + left + " and " + right + " pixels");
    }
  }

  @Test
  void gridLinesAndVerticalsAreDrawn() throws IOException {
    Plot plot = plot(Curve.Form.LINE, Axis.linear("y"));
    BufferedImage drawn = image(new Figure(1, List.of(plot)));
    assertTrue(pixels(drawn, 0xDDDDDD) > 1000, pixels(drawn, 0xDDDDDD) + " pixels of grid");
    Plot without = new Plot(plot.title(), plot.x(), plot.y(), plot.curves(), List.of());
    BufferedImage bare = image(new Figure(1, List.of(without)));
    int different = 0;
    for (int y = 0; y < drawn.getHeight(); y++) {
      for (int x = 0; x < drawn.getWidth(); x++) {
        different += drawn.getRGB(x, y) == bare.getRGB(x, y) ? 0 : 1;
      }
    }
    assertTrue(different > 100, different + " pixels of the vertical");
  }

  @Test
  void barsBeginAtZero() {
    Plot plot = plot(Curve.Form.BARS, Axis.linear("y"));
    for (double sign : new double[] {1, -1}) {
      List<Point> points = List.of(Point.of(0, sign * 900, 10), Point.of(2, sign * 1000, 20));
      Curve bars = new Curve("one", LOOK, Curve.Form.BARS, points);
      JFreeChart chart =
          Drawing.chart(new Plot("", plot.x(), plot.y(), List.of(bars), List.of()), null);
      Range range = chart.getXYPlot().getRangeAxis().getRange();
      assertTrue(range.contains(0) && range.contains(sign * 1020), range.toString());
      assertTrue(range.getLength() < 1200, range.toString());
      assertTrue(chart.getXYPlot().getDomainAxis().getRange().contains(2.8), "as wide as a bar");
    }
  }

  @Test
  void theSameFigureIsTheSamePicture() {
    Figure figure = new Figure(1, List.of(plot(Curve.Form.LINE, Axis.log("y"))));
    assertArrayEquals(figure.png(), figure.png());
  }

  private static Field reaching(double height) {
    List<Double> at = List.of(-1.0, 0.0, 1.0);
    List<Double> side = List.of(height, height / 2, height);
    return new Field("rise", at, at, List.of(side, List.of(height / 2, 0.0, height / 2), side));
  }

  @Test
  void contoursAreRoundNumbersThatASteepFieldDoesNotTakeFromAFlatOne() {
    assertEquals(
        List.of(0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        new Levels(List.of(reaching(1))).heights());
    assertEquals(
        List.of(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
        new Levels(List.of(reaching(1), reaching(40))).heights());
    assertEquals(
        List.of(0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        new Levels(List.of(reaching(1), reaching(Double.POSITIVE_INFINITY))).heights());
  }

  @Test
  void whatLiesBelowZeroHasAColourOfItsOwn() {
    List<Double> at = List.of(-1.0, 0.0, 1.0);
    List<Double> side = List.of(1.0, -0.1, 1.0);
    Field field = new Field("rise", at, at, List.of(side, List.of(0.5, 0.0, 0.5), side));
    Levels levels = new Levels(List.of(field));
    assertEquals(0.0, levels.heights().get(0));
    assertEquals(0.01, levels.heights().get(1));
    assertNotEquals(levels.getPaint(-0.1), levels.getPaint(0.001));
    assertEquals(levels.getPaint(-0.1), levels.getPaint(-1e-9));
    assertFalse(new Levels(List.of(reaching(1))).heights().contains(0.0));
  }

  /** A few thousandths of a loss apart, their labels once were the same number. */
  @Test
  void ticksOfANarrowAxisDiffer() throws IOException {
    for (double width : List.of(1e-5, 2e-4, 0.003, 0.7, 50.0)) {
      List<Point> points = List.of(Point.of(0, 0.43), Point.of(1, 0.43 + width));
      Plot plot =
          new Plot(
              "",
              Axis.linear("x"),
              Axis.linear("y"),
              List.of(new Curve("one", LOOK, Curve.Form.LINE, points)),
              List.of());
      JFreeChart chart = Drawing.chart(plot, null);
      chart.createBufferedImage(400, 300); // chooses the ticks
      NumberAxis axis = (NumberAxis) chart.getXYPlot().getRangeAxis();
      List<String> ticks = new ArrayList<>();
      double step = axis.getTickUnit().getSize();
      for (double at = Math.ceil(0.43 / step) * step; at <= 0.43 + width; at += step) {
        ticks.add(axis.getTickUnit().valueToString(at));
      }
      assertTrue(ticks.size() > 2, width + ": " + ticks);
      assertEquals(ticks.size(), new HashSet<>(ticks).size(), width + ": " + ticks);
    }
  }

  /**
   * A corner at which the loss has diverged has the colour of the highest, and no neighbour has.
   */
  @Test
  void whatIsNoFiniteNumberIsDrawnAsTheHighest() {
    List<Double> at = List.of(0.0, 1.0, 2.0);
    for (double bad : List.of(Double.NaN, Double.POSITIVE_INFINITY)) {
      Field field =
          new Field(
              "rise",
              at,
              at,
              List.of(List.of(bad, 0.5, 1.0), List.of(0.2, 0.0, 0.2), List.of(0.1, 0.0, 0.1)));
      Levels levels = new Levels(List.of(field));
      assertEquals(1.0, levels.getUpperBound());
      Field finer = field.finer(4);
      for (int row = 0; row < 9; row++) {
        for (int column = 0; column < 9; column++) {
          boolean beside = row < 4 && column < 4;
          Object paint = levels.getPaint(finer.heights().get(row).get(column));
          assertEquals(
              beside || (row == 0 && column == 8),
              paint.equals(levels.getPaint(1)),
              bad + " at " + row + ", " + column);
        }
      }
      assertTrue(Levels.line(finer, 0.3).getBounds2D().getWidth() <= 2, "a line to nowhere");
    }
  }

  @Test
  void anAxisOfOneValueHasTicksThatDiffer() {
    for (double value : List.of(52.25, 0.0, -3.0)) {
      Plot plot =
          new Plot(
              "",
              Axis.linear("x"),
              Axis.linear("y"),
              List.of(new Curve("one", LOOK, Curve.Form.MARKED_LINE, List.of(Point.of(1, value)))),
              List.of());
      Range range = Drawing.chart(plot, null).getXYPlot().getRangeAxis().getRange();
      assertTrue(range.contains(value), range.toString());
      assertTrue(range.getLength() >= 0.1, range.toString());
    }
  }

  @Test
  void logarithmicAxesHaveTicksThatAReaderExpects() {
    assertEquals(List.of(0.0001, 0.001, 0.01, 0.1), DecimalLogAxis.values(0.00009, 0.13));
    assertEquals(List.of(10.0, 20.0, 50.0, 100.0), DecimalLogAxis.values(9, 110));
    List<Double> narrow = DecimalLogAxis.values(0.986, 1.014);
    assertEquals(
        List.of("0.99", "1", "1.01"),
        narrow.stream().map(Drawing.format("0.####")::format).toList());
  }

  @Test
  void theFirstSevenLooksDifferInEverythingAndFurtherOnesInSomething() {
    List<Look> looks = IntStream.range(0, 49).mapToObj(Look::of).toList();
    assertEquals(49, new HashSet<>(looks).size());
    for (int i = 0; i < 7; i++) {
      for (int j = 0; j < i; j++) {
        Look one = looks.get(i);
        Look other = looks.get(j);
        assertTrue(one.rgb() != other.rgb() && one.dash() != other.dash(), i + " and " + j);
        assertTrue(!one.shape().equals(other.shape()), i + " and " + j);
      }
    }
    assertEquals(0x08306B, Look.shade(0, 0).rgb());
    assertEquals(0x9ECAE1, Look.shade(1, 0).rgb());
  }

  private enum Kind {
    A,
    B,
    C
  }

  @Test
  void aKindHasOneLookAndMoreOfItHaveOthers() {
    assertEquals(
        List.of(Look.of(2), Look.of(0), Look.of(3), Look.of(4), Look.of(1)),
        Look.ofKinds(List.of(Kind.C, Kind.A, Kind.C, Kind.A, Kind.B)));
  }
}
