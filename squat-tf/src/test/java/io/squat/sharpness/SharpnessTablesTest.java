package io.squat.sharpness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.plots.Curve;
import io.squat.plots.Figure;
import io.squat.plots.Plot;
import io.squat.plots.Point;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Tables and pictures of numbers that are all different. */
class SharpnessTablesTest {
  private static final Landscape.Surface SURFACE =
      new Landscape.Surface(
          List.of(-1.0, 0.0, 1.0),
          List.of(List.of(2.0, 1.0, 2.0), List.of(1.0, 0.3, 1.0), List.of(2.0, 1.0, 2.0)));

  private static Sharpness.Measures measures(double base) {
    return new Sharpness.Measures(
        base + 1,
        List.of(new EpsilonSharpness(0.02, base + 2, base + 4, List.of(base + 2, base + 4))),
        List.of(
            new AverageSharpness(
                10, base + 5, 0.25, List.of(base + 4.75, base + 4.75, base + 5.25, base + 5.25))),
        new Spectrum(
            List.of(
                new Spectrum.Eigenvalue(base + 8, 0.5), new Spectrum.Eigenvalue(base + 7, 0.75)),
            base - 60,
            List.of(),
            List.of()));
  }

  private static SharpnessResults.Model model(String method, String bits, long seed, double base) {
    List<Double> at = List.of(-1.0, 0.0, 1.0);
    return new SharpnessResults.Model(
        "../runs/" + seed,
        method,
        bits,
        Map.of("method", method, "bits", bits, "optimizer.dropout", "0.1"),
        seed,
        "5eed",
        new Sharpness(
            base + 0.5,
            new Sharpness.Origin(base + 0.625, base + 0.75),
            12,
            base + 9,
            measures(base),
            measures(base + 20),
            List.of(
                new Landscape.Line("random", at, List.of(base + 12, base, base + 11)),
                new Landscape.Line("gradient", at, List.of(base + 13, base, base + 14))),
            SURFACE));
  }

  private static SharpnessResults results(boolean activations) {
    return new SharpnessResults(
        "MRPC",
        "dev",
        "hash",
        null,
        128,
        64,
        activations,
        new SharpnessSettings(List.of(0.02), 1, List.of(10.0), 2, 2, 3, 0.05, 1, 1, 3, 9),
        List.of(model("squat", "2-8-8", 1, 100), model("squat", "2-8-8", 2, 300)));
  }

  @Test
  void aNumberALine() {
    String head = "../runs/1,squat,2-8-8,dropout 0.1,1,dev,64,9,";
    List<String> expected =
        List.of(
            "true,,loss,,100.5,",
            "true,,loss as trained,,100.625,",
            "true,plain,gradient norm as trained,,100.75,",
            "true,,weight norm,,109.0,",
            "true,plain,gradient norm,,101.0,",
            "true,plain,epsilon-sharpness first,0.02,102.0,",
            "true,plain,epsilon-sharpness maximum,0.02,104.0,",
            "true,plain,epsilon-sharpness last step,0.02," + 2 / 104.0 + ",",
            "true,plain,average sharpness,10.0,105.0," + 0.25 / Math.sqrt(2),
            "true,plain,average sharpness deviation,10.0,0.25,",
            "false,plain,eigenvalue 1,,108.0,0.5",
            "false,plain,eigenvalue 2,,107.0,0.75",
            "false,plain,smallest Ritz value,,40.0,",
            "true,adaptive,gradient norm,,121.0,",
            "true,adaptive,epsilon-sharpness first,0.02,122.0,",
            "true,adaptive,epsilon-sharpness maximum,0.02,124.0,",
            "true,adaptive,epsilon-sharpness last step,0.02," + 2 / 124.0 + ",",
            "true,adaptive,average sharpness,10.0,125.0," + 0.25 / Math.sqrt(2),
            "true,adaptive,average sharpness deviation,10.0,0.25,",
            "false,adaptive,eigenvalue 1,,128.0,0.5",
            "false,adaptive,eigenvalue 2,,127.0,0.75",
            "false,adaptive,smallest Ritz value,,60.0,");
    List<String> found = SharpnessTables.csv(results(true)).lines().toList();
    assertEquals(
        "run,method,bits,settings,run_seed,split,rows,seed,activations,scale,measure,rho,value,error",
        found.get(0));
    assertEquals(expected.stream().map(head::concat).toList(), found.subList(1, 23));
    assertEquals(1 + 2 * 22, found.size());
  }

  private static Curve curve(String file, int plot) {
    return curve(results(false), file, plot);
  }

  private static Curve curve(SharpnessResults results, String file, int plot) {
    Figure figure = Objects.requireNonNull(SharpnessFigures.of(results).get(file));
    Plot found = figure.plots().get(plot);
    assertEquals(1, found.curves().size());
    assertEquals("squat, 2 seeds", found.curves().get(0).name());
    assertTrue(found.title().endsWith(", 2-8-8"), found.title());
    return found.curves().get(0);
  }

  @Test
  void worstDirectionsHaveTheRangeOverSeeds() {
    assertEquals(List.of(new Point(0.02, 204, 104, 304)), curve("sharpness.png", 0).points());
    assertEquals(List.of(new Point(0.02, 224, 124, 324)), curve("sharpness.png", 1).points());
  }

  /** Means of both ways of 104.75, 105.25, 304.75 and 305.25. */
  @Test
  void randomDirectionsHaveTheStandardErrorOverThoseOfAllSeeds() {
    Point found = curve("sharpness.png", 2).points().get(0);
    double deviation = Math.sqrt((2 * 100.25 * 100.25 + 2 * 99.75 * 99.75) / 3);
    assertEquals(10, found.x());
    // As parts of rho^2 / 2, 50.
    assertEquals(205 / 50.0, found.y(), 1e-9);
    assertEquals((205 - deviation / 2) / 50, found.low(), 1e-9);
    assertEquals((205 + deviation / 2) / 50, found.high(), 1e-9);
  }

  @Test
  void barsReachFromTheLeastToTheMostWithTheResiduals() {
    List<Point> points = curve("eigenvalues.png", 0).points();
    assertEquals(3, points.size());
    Point largest = points.get(0);
    assertEquals(List.of(208.0, 107.5, 308.5), List.of(largest.y(), largest.low(), largest.high()));
    Point second = points.get(1);
    assertEquals(List.of(207.0, 106.25, 307.75), List.of(second.y(), second.low(), second.high()));
    Point smallest = points.get(2);
    assertEquals(
        List.of(140.0, 40.0, 240.0), List.of(smallest.y(), smallest.low(), smallest.high()));
  }

  /** One plot of each width, with the float models in each; a method has one look in all. */
  @Test
  void widthsHavePlotsOfTheirOwn() {
    SharpnessResults results =
        results(false)
            .with(model("lsq", "2-8-8", 1, 1))
            .with(model("lsq", "4-8-8", 1, 2))
            .with(model("squat", "4-8-8", 1, 3))
            .with(model("fp", SharpnessResults.FLOAT, 1, 4));
    Figure figure = Objects.requireNonNull(SharpnessFigures.of(results).get("eigenvalues.png"));
    assertEquals(2, figure.columns());
    assertEquals(
        List.of(
            "eigenvalues, weights as they are, 4-8-8",
            "eigenvalues, weights as they are, 2-8-8",
            "eigenvalues, by the norm of filters, 4-8-8",
            "eigenvalues, by the norm of filters, 2-8-8"),
        figure.plots().stream().map(Plot::title).toList());
    List<Curve> wide = figure.plots().get(0).curves();
    List<Curve> narrow = figure.plots().get(1).curves();
    assertEquals(
        List.of("fp, 1 seed", "lsq, 1 seed", "squat, 1 seed"),
        wide.stream().map(Curve::name).toList());
    assertEquals(
        List.of("fp, 1 seed", "lsq, 1 seed", "squat, 2 seeds"),
        narrow.stream().map(Curve::name).toList());
    assertEquals(
        wide.stream().map(Curve::look).toList(), narrow.stream().map(Curve::look).toList());
    assertEquals(3, wide.stream().map(Curve::look).distinct().count());
    assertEquals(10, wide.get(1).points().get(0).y(), "8 and the base of lsq 4-8-8");
    assertEquals(9, narrow.get(1).points().get(0).y(), "8 and the base of lsq 2-8-8");
  }

  @Test
  void linesAreRisesWithTheirRangeOverSeeds() {
    SharpnessResults results = results(false);
    SharpnessResults.Model other = model("squat", "2-8-8", 2, 300);
    Sharpness found = other.sharpness();
    List<Landscape.Line> lines =
        found.lines().stream()
            .map(
                line ->
                    new Landscape.Line(
                        line.direction(),
                        line.at(),
                        line.loss().stream().map(loss -> 2 * loss).toList()))
            .toList();
    SharpnessResults wider =
        results.with(
            other.with(
                new Sharpness(
                    found.loss(),
                    found.trained(),
                    found.weights(),
                    found.weightNorm(),
                    found.plain(),
                    found.adaptive(),
                    lines,
                    SURFACE)));
    // Rises of 12 and 11, and of twice that.
    assertEquals(
        List.of(new Point(-1, 18, 12, 24), new Point(0, 0, 0, 0), new Point(1, 16.5, 11, 22)),
        curve(wider, "lines.png", 0).points());
    assertEquals(new Point(1, 21, 14, 28), curve(wider, "lines.png", 1).points().get(2));
  }

  @Test
  void ratiosAreToLsqOfTheSameSeeds() {
    SharpnessResults results = results(false);
    assertFalse(SharpnessFigures.of(results).containsKey("ratios.png"));
    results =
        results
            .with(model("lsq", "2-8-8", 1, 1))
            .with(model("lsq", "2-8-8", 2, 49))
            .with(model("fp", SharpnessResults.FLOAT, 1, 4));
    Figure figure = Objects.requireNonNull(SharpnessFigures.of(results).get("ratios.png"));
    Plot plot = figure.plots().get(0);
    assertEquals("relative to lsq, weights as they are, 2-8-8", plot.title());
    assertEquals(
        List.of(
            "gradient norm",
            "epsilon, rho 0.02",
            "minus slope",
            "average, rho 10",
            "largest eigenvalue",
            "largest magnitude"),
        plot.x().names());
    List<Point> float1 = points(plot, "fp, 1 seed");
    assertEquals(6, float1.size());
    assertEquals(2.5, float1.get(0).y(), 1e-9, "5 to 2");
    assertEquals(2.5, float1.get(0).low(), 1e-9);
    assertEquals((8 - 0.02 * 5) / (5 - 0.02 * 2), float1.get(2).y(), 1e-9);
    assertEquals(12 / 9.0, float1.get(4).y(), 1e-9);
    assertEquals(56 / 59.0, float1.get(5).y(), 1e-9, "Ritz values of -56 and -59");
    Point squat = points(plot, "squat, 2 seeds").get(0);
    assertEquals(Math.sqrt(101 / 2.0 * 301 / 50), squat.y(), 1e-9);
    assertEquals(301 / 50.0, squat.low(), 1e-9);
    assertEquals(101 / 2.0, squat.high(), 1e-9);
    Point average = points(plot, "squat, 2 seeds").get(3);
    // Means of both ways of 104.75, 105.25, 304.75, 305.25 and of 5.75, 6.25, 53.75, 54.25.
    assertEquals(205 / 30.0, average.y(), 1e-9);
    assertEquals(List.of(Point.of(-0.5, 1), Point.of(5.5, 1)), points(plot, "lsq, 2 seeds"));
  }

  private static List<Point> points(Plot plot, String name) {
    return plot.curves().stream()
        .filter(curve -> curve.name().equals(name))
        .flatMap(curve -> curve.points().stream())
        .toList();
  }
}
