package io.squat.plots;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.imageio.ImageIO;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.LegendItemCollection;
import org.jfree.chart.annotations.XYShapeAnnotation;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.SymbolAxis;
import org.jfree.chart.axis.TickUnits;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.block.RectangleConstraint;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.DeviationRenderer;
import org.jfree.chart.renderer.xy.StandardXYBarPainter;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.chart.renderer.xy.XYBlockRenderer;
import org.jfree.chart.renderer.xy.XYErrorRenderer;
import org.jfree.chart.renderer.xy.XYItemRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.title.PaintScaleLegend;
import org.jfree.chart.title.TextTitle;
import org.jfree.chart.title.Title;
import org.jfree.chart.ui.HorizontalAlignment;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.Range;
import org.jfree.data.xy.DefaultXYZDataset;
import org.jfree.data.xy.IntervalXYDataset;
import org.jfree.data.xy.XYIntervalSeries;
import org.jfree.data.xy.XYIntervalSeriesCollection;
import org.jspecify.annotations.Nullable;

/** Draws a figure. */
final class Drawing {
  private static final int SCALE = 2;

  /** How many names stand beside each other below an axis; more of them stand upright. */
  private static final int BESIDE = 6;

  private static final int HEIGHT = 300;
  // The widest figure still fits a page; few plots are larger than many.
  private static final int[] WIDTHS = {640, 440, 360, 320};
  // A plane's axes have the same scale.
  private static final int FIELD_WIDTH = 320;
  private static final int MARGIN = 8;
  private static final int FINER = 6;
  private static final int SCALE_HEIGHT = 64;
  private static final Range ANY = new Range(0, Double.MAX_VALUE / 2);
  private static final int COLOURS = 400;
  private static final int LEAST_POWER = -12;
  private static final int MOST_POWER = 12;
  private static final double NARROW = 1.1;
  private static final double BAR_WIDTH = 0.85;
  private static final int BAR_ALPHA = 110;
  private static final double SAME = 1e-7;
  private static final double LEAST_HALF = 0.1;
  private static final double LEAST_FRACTION = 1e-5;
  private static final Color GRID = new Color(0xDDDDDD);
  private static final Color MARK = new Color(0x888888);
  private static final TickUnits TICK_UNITS = tickUnits();

  private final Figure figure;
  private final int width;

  Drawing(Figure figure) {
    this.figure = figure;
    boolean planes = figure.plots().stream().anyMatch(plot -> plot.field() != null);
    this.width = planes ? FIELD_WIDTH : WIDTHS[Math.min(figure.columns(), WIDTHS.length) - 1];
  }

  int width() {
    return figure.columns() * width;
  }

  byte[] png() {
    int rows = (figure.plots().size() + figure.columns() - 1) / figure.columns();
    int fullWidth = figure.columns() * width;
    List<Field> fields = figure.plots().stream().map(Plot::field).filter(Objects::nonNull).toList();
    Levels levels = fields.isEmpty() ? null : new Levels(fields);
    Title legend = levels == null ? legend() : legend(levels, fields.get(0).label());
    double legendHeight = legend == null ? 0 : height(legend, fullWidth);
    Title note = figure.note().isEmpty() ? null : note(figure.note());
    double noteHeight =
        note == null ? 0 : arranged(note, new RectangleConstraint(new Range(0, fullWidth), ANY));
    BufferedImage image =
        image(fullWidth, (int) Math.ceil(rows * HEIGHT + legendHeight + noteHeight));
    Graphics2D graphics = graphics(image);
    List<JFreeChart> charts = figure.plots().stream().map(plot -> chart(plot, levels)).toList();
    for (int row = 0; row < rows; row++) {
      int first = row * figure.columns();
      shareRanges(charts.subList(first, Math.min(charts.size(), first + figure.columns())));
    }
    for (int i = 0; i < charts.size(); i++) {
      charts
          .get(i)
          .draw(
              graphics,
              new Rectangle2D.Double(
                  (i % figure.columns()) * width, (i / figure.columns()) * HEIGHT, width, HEIGHT));
    }
    if (legend != null) {
      legend.draw(graphics, new Rectangle2D.Double(0, rows * HEIGHT, fullWidth, legendHeight));
    }
    if (note != null) {
      note.draw(
          graphics, new Rectangle2D.Double(0, rows * HEIGHT + legendHeight, fullWidth, noteHeight));
    }
    graphics.dispose();
    try (ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
      ImageIO.write(image, "png", bytes);
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Of one value alone a logarithmic axis would show nothing beside it, others one tick ten times.
   */
  private static void widenNarrowAxes(JFreeChart chart) {
    for (ValueAxis axis :
        List.of(chart.getXYPlot().getDomainAxis(), chart.getXYPlot().getRangeAxis())) {
      Range range = axis.getRange();
      if (axis instanceof DecimalLogAxis
          && range.getUpperBound() < NARROW * range.getLowerBound()) {
        axis.setRange(range.getLowerBound() / NARROW, range.getUpperBound() * NARROW);
      } else if (range.getLength() <= SAME * Math.max(1, Math.abs(range.getCentralValue()))) {
        double half = Math.max(LEAST_HALF, (NARROW - 1) * Math.abs(range.getCentralValue()));
        axis.setRange(range.getCentralValue() - half, range.getCentralValue() + half);
      }
    }
  }

  private static void shareRanges(List<JFreeChart> row) {
    Map<String, Range> ranges = new HashMap<>();
    for (JFreeChart chart : row) {
      ValueAxis axis = chart.getXYPlot().getRangeAxis();
      ranges.merge(axis.getLabel(), axis.getRange(), Range::combine);
    }
    for (JFreeChart chart : row) {
      ValueAxis axis = chart.getXYPlot().getRangeAxis();
      axis.setRange(ranges.getOrDefault(axis.getLabel(), axis.getRange()));
    }
  }

  private static BufferedImage image(int width, int height) {
    return new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
  }

  private static Graphics2D graphics(BufferedImage image) {
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.scale(SCALE, SCALE);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    return graphics;
  }

  private static Font font(int style, int size) {
    return new Font(Font.SANS_SERIF, style, size);
  }

  private @Nullable LegendTitle legend() {
    LegendItemCollection items = new LegendItemCollection();
    Set<String> seen = new HashSet<>();
    for (Plot plot : figure.plots()) {
      for (Curve curve : plot.curves()) {
        if (!curve.name().isEmpty() && seen.add(curve.name())) {
          items.add(item(curve));
        }
      }
    }
    if (items.getItemCount() == 0) {
      return null;
    }
    LegendTitle legend = new LegendTitle(() -> items);
    legend.setItemFont(font(Font.PLAIN, 12));
    legend.setItemLabelPadding(new RectangleInsets(2, 2, 2, 12));
    legend.setPadding(new RectangleInsets(MARGIN, MARGIN, MARGIN, MARGIN));
    return legend;
  }

  private static LegendItem item(Curve curve) {
    Look look = curve.look();
    boolean marked = curve.form() == Curve.Form.MARKED_LINE;
    return new LegendItem(
        curve.name(),
        null,
        null,
        null,
        marked,
        look.shape(),
        true,
        look.color(),
        false,
        look.color(),
        look.stroke(),
        curve.points().size() > 1,
        new Line2D.Double(-16, 0, 16, 0),
        look.stroke(),
        look.color());
  }

  private static Title legend(Levels levels, String label) {
    NumberAxis axis = levels.axis(label);
    axis.setLabelFont(font(Font.PLAIN, 12));
    axis.setTickLabelFont(font(Font.PLAIN, 11));
    PaintScaleLegend legend = new PaintScaleLegend(levels.bands(), axis);
    legend.setSubdivisionCount(COLOURS);
    legend.setStripWidth(12);
    legend.setPosition(RectangleEdge.BOTTOM);
    legend.setAxisLocation(AxisLocation.BOTTOM_OR_LEFT);
    legend.setPadding(new RectangleInsets(MARGIN, 2 * MARGIN, MARGIN, 2 * MARGIN));
    return legend;
  }

  private static Title note(String text) {
    TextTitle note = new TextTitle(text, font(Font.PLAIN, 10));
    note.setPaint(MARK.darker());
    note.setHorizontalAlignment(HorizontalAlignment.LEFT);
    note.setTextAlignment(HorizontalAlignment.LEFT);
    note.setPadding(new RectangleInsets(0, 2 * MARGIN, MARGIN, 2 * MARGIN));
    return note;
  }

  private static double height(Title legend, double width) {
    if (legend instanceof PaintScaleLegend) {
      return SCALE_HEIGHT; // it cannot arrange itself in any height
    }
    return arranged(legend, new RectangleConstraint(width, ANY));
  }

  private static double arranged(Title title, RectangleConstraint room) {
    Graphics2D graphics = graphics(image(1, 1));
    try {
      return title.arrange(graphics, room).getHeight();
    } finally {
      graphics.dispose();
    }
  }

  /** One plot, its axes as they are before a row of plots shares them. */
  static JFreeChart chart(Plot plot, @Nullable Levels levels) {
    XYPlot area = new XYPlot();
    area.setDomainAxis(axis(plot.x()));
    area.setRangeAxis(axis(plot.y()));
    area.setBackgroundPaint(Color.WHITE);
    area.setDomainGridlinePaint(GRID);
    area.setRangeGridlinePaint(GRID);
    area.setDomainGridlineStroke(new BasicStroke(0.6f));
    area.setRangeGridlineStroke(new BasicStroke(0.6f));
    if (plot.field() != null && levels != null) {
      fill(area, plot.field(), levels);
    }
    // Grid lines and markers are drawn by the renderer of the first dataset alone.
    int next = plot.field() == null ? 0 : 1;
    for (Curve curve : plot.curves()) {
      IntervalXYDataset points = points(curve);
      for (XYItemRenderer renderer : renderers(curve)) {
        area.setDataset(next, points);
        area.setRenderer(next++, renderer);
      }
    }
    if (plot.curves().stream().anyMatch(curve -> curve.form() == Curve.Form.BARS)
        && area.getRangeAxis() instanceof NumberAxis axis) {
      axis.setAutoRangeIncludesZero(true);
    }
    for (double vertical : plot.verticals()) {
      area.addDomainMarker(
          new ValueMarker(
              vertical,
              MARK,
              new BasicStroke(
                  0.7f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {2, 3}, 0)));
    }
    JFreeChart chart =
        new JFreeChart(
            plot.title().isEmpty() ? null : plot.title(), font(Font.BOLD, 13), area, false);
    chart.setBackgroundPaint(Color.WHITE);
    chart.setPadding(new RectangleInsets(MARGIN, MARGIN, MARGIN, 2 * MARGIN));
    widenNarrowAxes(chart);
    return chart;
  }

  /** Filled contours and their lines. */
  private static void fill(XYPlot area, Field field, Levels levels) {
    Field finer = field.finer(FINER);
    double[][] points = new double[3][finer.x().size() * finer.y().size()];
    for (int row = 0; row < finer.y().size(); row++) {
      for (int column = 0; column < finer.x().size(); column++) {
        int i = row * finer.x().size() + column;
        points[0][i] = finer.x().get(column);
        points[1][i] = finer.y().get(row);
        points[2][i] = finer.heights().get(row).get(column);
      }
    }
    DefaultXYZDataset dataset = new DefaultXYZDataset();
    dataset.addSeries(field.label(), points);
    XYBlockRenderer blocks = new XYBlockRenderer();
    blocks.setPaintScale(levels);
    blocks.setBlockWidth(finer.x().get(1) - finer.x().get(0));
    blocks.setBlockHeight(finer.y().get(1) - finer.y().get(0));
    area.setDataset(0, dataset);
    area.setRenderer(0, blocks);
    area.setDomainGridlinesVisible(false);
    area.setRangeGridlinesVisible(false);
    area.getDomainAxis().setRange(field.x().get(0), field.x().get(field.x().size() - 1));
    area.getRangeAxis().setRange(field.y().get(0), field.y().get(field.y().size() - 1));
    for (double height : levels.heights()) {
      area.addAnnotation(
          new XYShapeAnnotation(
              Levels.line(finer, height), new BasicStroke(0.5f), new Color(0x444444)));
    }
  }

  private static ValueAxis axis(Axis axis) {
    ValueAxis drawn =
        switch (axis.scale()) {
          case LINEAR -> linear(axis.label());
          case WHOLE -> {
            NumberAxis whole = linear(axis.label());
            whole.setStandardTickUnits(NumberAxis.createIntegerTickUnits(Locale.ROOT));
            yield whole;
          }
          case LOG -> new DecimalLogAxis(axis.label());
          case NAMED -> {
            SymbolAxis named = new SymbolAxis(axis.label(), axis.names().toArray(new String[0]));
            named.setGridBandsVisible(false);
            named.setVerticalTickLabels(axis.names().size() > BESIDE);
            yield named;
          }
        };
    drawn.setLabelFont(font(Font.PLAIN, 12));
    drawn.setTickLabelFont(font(Font.PLAIN, 11));
    return drawn;
  }

  private static NumberAxis linear(String label) {
    NumberAxis axis = new NumberAxis(label);
    axis.setAutoRangeIncludesZero(false);
    axis.setStandardTickUnits(TICK_UNITS);
    return axis;
  }

  /** Round distances, each with as many digits as its ticks need to differ. */
  private static TickUnits tickUnits() {
    TickUnits units = new TickUnits();
    for (int power = LEAST_POWER; power <= MOST_POWER; power++) {
      for (BigDecimal digit : List.of(BigDecimal.ONE, new BigDecimal("2.5"), new BigDecimal(5))) {
        BigDecimal size = digit.scaleByPowerOfTen(power);
        units.add(
            new NumberTickUnit(
                size.doubleValue(), format("#,##0." + "#".repeat(Math.max(1, size.scale())))));
      }
    }
    return units;
  }

  /** A tick's number: an exponent where a decimal fraction would be long. */
  static String tick(double value) {
    boolean small = value != 0 && Math.abs(value) < LEAST_FRACTION;
    return format(small ? "0.##E0" : "0.######").format(value);
  }

  static DecimalFormat format(String pattern) {
    return new DecimalFormat(pattern, DecimalFormatSymbols.getInstance(Locale.ROOT));
  }

  private static IntervalXYDataset points(Curve curve) {
    double half = curve.form() == Curve.Form.BARS ? barWidth(curve.points()) / 2 : 0;
    XYIntervalSeries series = new XYIntervalSeries(curve.name(), /* autoSort= */ false, true);
    Point before = null;
    for (Point point : curve.points()) {
      double x = point.x();
      if (curve.form() == Curve.Form.STEPS && before != null) {
        series.add(x, x, x, before.y(), before.low(), before.high());
      }
      series.add(x, x - half, x + half, point.y(), point.low(), point.high());
      before = point;
    }
    XYIntervalSeriesCollection all = new XYIntervalSeriesCollection();
    all.addSeries(series);
    return all;
  }

  private static double barWidth(List<Point> points) {
    return BAR_WIDTH * (points.size() < 2 ? 1 : points.get(1).x() - points.get(0).x());
  }

  /** The first is on top. */
  private static List<XYItemRenderer> renderers(Curve curve) {
    Look look = curve.look();
    return switch (curve.form()) {
      case LINE, STEPS -> {
        DeviationRenderer band = new DeviationRenderer(true, false);
        band.setAlpha(0.18f);
        band.setSeriesFillPaint(0, look.color());
        yield List.of(line(band, look));
      }
      case MARKED_LINE -> {
        XYErrorRenderer errors = errors();
        errors.setSeriesLinesVisible(0, true);
        yield List.of(line(errors, look));
      }
      case BARS -> {
        XYErrorRenderer errors = errors();
        errors.setSeriesShapesVisible(0, false);
        yield List.of(line(errors, look), bars(look));
      }
    };
  }

  private static XYErrorRenderer errors() {
    XYErrorRenderer errors = new XYErrorRenderer();
    errors.setDrawXError(false);
    errors.setErrorStroke(new BasicStroke(1));
    return errors;
  }

  private static XYItemRenderer bars(Look look) {
    XYBarRenderer bars = new XYBarRenderer();
    bars.setUseYInterval(false);
    bars.setBarPainter(new StandardXYBarPainter());
    bars.setShadowVisible(false);
    bars.setDrawBarOutline(true);
    Color color = look.color();
    bars.setSeriesPaint(0, new Color(color.getRed(), color.getGreen(), color.getBlue(), BAR_ALPHA));
    bars.setSeriesOutlinePaint(0, color);
    bars.setSeriesOutlineStroke(0, look.stroke());
    return bars;
  }

  private static XYLineAndShapeRenderer line(XYLineAndShapeRenderer renderer, Look look) {
    renderer.setSeriesPaint(0, look.color());
    renderer.setSeriesStroke(0, look.stroke());
    renderer.setSeriesShape(0, look.shape());
    // Dashes of a line that is drawn piece by piece would begin anew at every point.
    renderer.setDrawSeriesLineAsPath(true);
    return renderer;
  }
}
