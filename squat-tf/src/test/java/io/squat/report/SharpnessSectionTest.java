package io.squat.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.sharpness.AverageSharpness;
import io.squat.sharpness.EpsilonSharpness;
import io.squat.sharpness.Landscape;
import io.squat.sharpness.Sharpness;
import io.squat.sharpness.SharpnessResults;
import io.squat.sharpness.SharpnessSettings;
import io.squat.sharpness.Spectrum;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharpnessSectionTest {
  @TempDir Path folder;

  /** Means of both ways of 0.0005, 0.001 and 0.0015. */
  private static AverageSharpness average(double scale) {
    return average(
        0.001 * scale,
        0.0005 * scale,
        0.0015 * scale,
        -0.0005 * scale,
        0.001 * scale,
        0.001 * scale,
        0.002 * scale,
        0.001 * scale);
  }

  private static AverageSharpness average(double mean, double deviation, Double... rises) {
    return new AverageSharpness(10, mean, deviation, List.of(rises));
  }

  private static Sharpness.Measures measures(double scale) {
    return measures(scale, average(scale));
  }

  private static Sharpness.Measures measures(double scale, AverageSharpness average) {
    return new Sharpness.Measures(
        3.6 * scale,
        List.of(new EpsilonSharpness(0.02, 0.1 * scale, 0.25 * scale, List.of())),
        List.of(average),
        new Spectrum(
            List.of(new Spectrum.Eigenvalue(243.04 * scale, 0.84)), -3, List.of(), List.of()));
  }

  private static SharpnessResults.Model model(String method, String bits, long seed, double scale) {
    return model(method, bits, seed, scale, measures(scale));
  }

  private static SharpnessResults.Model model(
      String method, String bits, long seed, double scale, Sharpness.Measures plain) {
    List<Double> at = List.of(-0.5, 0.0, 0.5);
    Sharpness sharpness =
        new Sharpness(
            0.30468 * scale,
            new Sharpness.Origin(0.31, 3.7),
            11_400_000,
            160,
            plain,
            measures(2 * scale),
            List.of(
                new Landscape.Line("random", at, List.of(1.0, 0.3, 1.0)),
                new Landscape.Line("gradient", at, List.of(0.9, 0.3, 2.0))),
            new Landscape.Surface(
                at,
                List.of(List.of(2.0, 1.0, 2.0), List.of(1.0, 0.3, 1.0), List.of(2.0, 1.0, 2.0))));
    return new SharpnessResults.Model(
        "runs/" + method + bits + seed,
        method,
        bits,
        Map.of("method", method, "bits", bits),
        seed,
        "5eed",
        sharpness);
  }

  private static SharpnessResults results(SharpnessResults.Model... models) {
    return new SharpnessResults(
        "MRPC",
        "train",
        "hash",
        null,
        128,
        128,
        false,
        new SharpnessSettings(List.of(0.02), 3, List.of(10.0), 5, 1, 8, 0.05, 0.5, 0.05, 3, 1),
        List.of(models));
  }

  private static List<Block.Table> tables(SharpnessResults results) {
    return SharpnessSection.blocks(results, 1).stream()
        .filter(Block.Table.class::isInstance)
        .map(Block.Table.class::cast)
        .toList();
  }

  @Test
  void aRowAScaleWithTheNumbersOfTheFile() {
    List<Block.Table> tables = tables(results(model("squat", "2-8-8", 3, 1)));
    assertEquals(1, tables.size(), "there is no lsq to compare with");
    assertEquals(
        List.of(
            "model",
            "seeds",
            "loss",
            "loss as trained",
            "scale",
            "gradient norm",
            "epsilon, rho 0.02",
            "minus slope",
            "average, rho 10",
            "largest eigenvalue",
            "largest magnitude",
            "residual"),
        tables.get(0).head());
    assertEquals(
        List.of(
            List.of(
                "squat 2-8-8",
                "1",
                "0.3047",
                "0.3100",
                "plain",
                "3.600",
                "0.2500",
                "0.1780",
                "0.001000 ± 0.00029",
                "243.0",
                "243.0",
                "0.8400"),
            List.of(
                "squat 2-8-8",
                "1",
                "0.3047",
                "0.3100",
                "adaptive",
                "7.200",
                "0.5000",
                "0.3560",
                "0.002000 ± 0.00058",
                "486.1",
                "486.1",
                "0.8400")),
        tables.get(0).rows());
  }

  @Test
  void seedsAreOneRowAndModelsHaveOneOrder() {
    List<Block.Table> tables =
        tables(
            results(
                model("squat", "2-8-8", 1, 1),
                model("squat", "2-8-8", 2, 3),
                model("lsq", "2-8-8", 2, 4),
                model("lsq", "4-8-8", 1, 1),
                model("fp", "float", 1, 8),
                model("lsq", "2-8-8", 1, 2)));
    assertEquals(
        List.of("fp float", "lsq 4-8-8", "lsq 2-8-8", "squat 2-8-8"),
        tables.get(0).rows().stream().map(row -> row.get(0)).distinct().toList());
    List<String> squat = tables.get(0).rows().get(6);
    assertEquals("2", squat.get(1));
    // 243.04 and three times that; their deviation is 243.04 * sqrt(2).
    assertEquals("486.1 ± 340", squat.get(9));
    // Pairs of 0.5, 1, 1.5 and three times those, in thousandths: squares of 11 around their mean.
    assertEquals("0.002000 ± 0.00061", squat.get(8));
    // By seed 1/2 and 3/4 of lsq: sqrt(3/8) in the geometric mean.
    List<String> ratios =
        tables.get(1).rows().stream()
            .filter(row -> row.get(0).equals("squat 2-8-8"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        List.of("squat 2-8-8", "lsq 2-8-8", "2", "plain", "0.612 [0.500, 0.750]"),
        ratios.subList(0, 5));
    // Pairs of 0.5, 1, 1.5, 1.5, 3, 4.5 to 1, 2, 3, 2, 4, 6: 2/3, and rests of 1/6 (1, 2, 3) with
    // either sign; sqrt(2 * 14 / 36 / 30) / 3.
    assertEquals("0.667 ± 0.054", ratios.get(7));
    assertEquals(
        List.of("fp float to lsq 4-8-8", "fp float to lsq 2-8-8", "squat 2-8-8 to lsq 2-8-8"),
        tables.get(1).rows().stream()
            .map(row -> row.get(0) + " to " + row.get(1))
            .distinct()
            .toList());
  }

  @Test
  void ofTwoSettingsOfOneMethodTheSettingsAreNamed() {
    SharpnessResults.Model one = model("squat", "2-8-8", 1, 1);
    SharpnessResults.Model other =
        new SharpnessResults.Model(
            "runs/other",
            "squat",
            "2-8-8",
            Map.of("method", "squat", "bits", "2-8-8", "optimizer.dropout", "0.3", "rho", "0.05"),
            1,
            "5eed",
            one.sharpness());
    SharpnessResults.Model another =
        new SharpnessResults.Model(
            "runs/another",
            "squat",
            "2-8-8",
            Map.of("method", "squat", "bits", "2-8-8", "optimizer.dropout", "0.1", "rho", "0.05"),
            1,
            "5eed",
            one.sharpness());
    assertEquals(
        List.of("squat 2-8-8 (dropout 0.1)", "squat 2-8-8 (dropout 0.3)"),
        tables(results(other, another)).get(0).rows().stream()
            .map(row -> row.get(0))
            .distinct()
            .toList());
  }

  /**
   * By hand: means of both ways of 1, 2, 6 and of 1, 2, 3, so that the ratio is 1.5 and the rests
   * are -0.5, -1 and 1.5; sqrt(3.5 / 6) / 2.
   */
  @Test
  void ofOneSeedAnAverageHasItsErrorOverDirections() {
    AverageSharpness ours = average(3, 2.6, 0.0, 2.0, 2.0, 2.0, 5.0, 7.0);
    AverageSharpness theirs = average(2, 1, 1.0, 1.0, 4.0, 0.0, 3.0, 3.0);
    assertEquals("1.50 ± 0.38", averageRatio(ours, theirs));
  }

  /** The cell of the only ratio of averages, of squat to lsq. */
  private static String averageRatio(AverageSharpness ours, AverageSharpness theirs) {
    List<Block.Table> tables =
        tables(
            results(
                model("squat", "2-8-8", 1, 1, measures(1, ours)),
                model("lsq", "2-8-8", 1, 1, measures(1, theirs))));
    return tables.get(1).rows().get(0).get(tables.get(1).head().indexOf("average, rho 10"));
  }

  @Test
  void aRiseThatIsNotPositiveHasNoRatio() {
    List<Block.Table> tables =
        tables(results(model("squat", "2-8-8", 1, -1), model("lsq", "2-8-8", 1, 1)));
    assertEquals("", tables.get(1).rows().get(0).get(5));
  }

  /** A mean of 1 whose standard error is 0.58. */
  @Test
  void anAverageThatIsNotKnownIsNotDividedBy() {
    AverageSharpness ours = average(3, 2.6, 0.0, 2.0, 2.0, 2.0, 5.0, 7.0);
    AverageSharpness theirs = average(1, 1, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0);
    assertEquals("", averageRatio(ours, theirs));
  }

  /**
   * Ratios of 1/2, 3/4 and 1/5 over two widths. By hand: the mean of the logarithms is -0.8634,
   * their deviation 0.6771, t of two degrees 4.3027, and half of the interval 1.6821.
   */
  @Test
  void pairsOfAllWidthsHaveAnInterval() {
    List<Block.Table> tables =
        tables(
            results(
                model("squat", "2-8-8", 1, 1),
                model("squat", "2-8-8", 2, 3),
                model("squat", "4-8-8", 2, 1),
                model("lsq", "2-8-8", 1, 2),
                model("lsq", "2-8-8", 2, 4),
                model("lsq", "4-8-8", 2, 5)));
    assertEquals(
        List.of("squat", "lsq", "3", "plain", "0.422 [0.0784, 2.27]"),
        tables.get(2).rows().get(0).subList(0, 5));
    assertEquals(
        2,
        tables(results(model("squat", "2-8-8", 1, 1), model("lsq", "2-8-8", 1, 2))).size(),
        "of one pair there is no interval");
  }

  /** The Ritz value of -3 is larger in magnitude than an eigenvalue of 1. */
  @Test
  void anEigenvalueBelowZeroCountsByItsSize() {
    Sharpness.Measures saddle =
        new Sharpness.Measures(
            1,
            List.of(new EpsilonSharpness(0.02, 3, 5, List.of())),
            List.of(average(1)),
            new Spectrum(List.of(new Spectrum.Eigenvalue(1, 0.1)), -3, List.of(), List.of()));
    List<String> row = tables(results(model("squat", "2-8-8", 1, 1, saddle))).get(0).rows().get(0);
    assertEquals(List.of("1.000", "3.000"), row.subList(9, 11));
  }

  @Test
  void thePageSaysHowMuchTheLastStepAddedAndWhereTheHessianIsNegative() {
    Sharpness.Measures plain =
        new Sharpness.Measures(
            1,
            List.of(new EpsilonSharpness(0.02, 3, 5, List.of(3.0, 4.0, 5.0))),
            List.of(average(1)),
            new Spectrum(List.of(new Spectrum.Eigenvalue(8, 0.1)), 1, List.of(), List.of()));
    String page =
        SharpnessSection.blocks(
                results(model("squat", "2-8-8", 1, 1, plain), model("lsq", "2-8-8", 1, 1)), 1)
            .toString();
    assertTrue(page.contains("the last step still added up to 20.0 %)"), page);
    assertTrue(page.contains("The Hessian of 1 of the 2 models has"), page);
    assertTrue(page.contains("down to -3.0:"), page);
  }

  @Test
  void resultsBelowASweepAreInItsReportAndAmongItsResultFiles() throws IOException {
    Path sweep = FixedSweep.unpack(folder.resolve("sweep"));
    SharpnessResults results = results(model("squat", "2-8-8", 3, 1));
    results.write(Files.createDirectories(sweep.resolve("sharpness")));
    results.write(Files.createDirectories(sweep.resolve("sharpness-other")));
    Path kept = folder.resolve("kept");
    ResultFiles.copy(sweep, kept);
    for (Path reported : List.of(sweep, kept)) {
      Path page = folder.resolve("page");
      Report.of(List.of(reported)).write(page);
      String text = Files.readString(page.resolve("report.md"));
      assertTrue(text.contains("## Sharpness on MRPC"), text);
      assertTrue(text.contains("sharpness-1-surfaces.png"), text);
      assertTrue(text.contains("sharpness-2-surfaces.png"), text);
      assertTrue(Files.size(page.resolve("sharpness-1-surfaces.png")) > 1000);
    }
  }
}
