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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharpnessSectionTest {
  @TempDir Path folder;

  private static Sharpness.Measures measures(double scale) {
    return new Sharpness.Measures(
        3.6 * scale,
        List.of(new EpsilonSharpness(0.02, 0.1 * scale, 0.25 * scale, List.of())),
        List.of(new AverageSharpness(10, 0.001 * scale, 0.0005, List.of())),
        new Spectrum(
            List.of(new Spectrum.Eigenvalue(243.04 * scale, 0.84)), -3, List.of(), List.of()));
  }

  private static SharpnessResults.Model model(String method, String bits, long seed, double scale) {
    List<Double> at = List.of(-0.5, 0.0, 0.5);
    Sharpness sharpness =
        new Sharpness(
            0.30468 * scale,
            new Sharpness.Origin(0.31, 3.7),
            11_400_000,
            160,
            measures(scale),
            measures(2 * scale),
            List.of(
                new Landscape.Line("random", at, List.of(1.0, 0.3, 1.0)),
                new Landscape.Line("gradient", at, List.of(0.9, 0.3, 2.0))),
            new Landscape.Surface(
                at,
                List.of(List.of(2.0, 1.0, 2.0), List.of(1.0, 0.3, 1.0), List.of(2.0, 1.0, 2.0))));
    return new SharpnessResults.Model(
        "runs/" + method + bits + seed, method + "-" + bits, method, bits, seed, "5eed", sharpness);
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
        new SharpnessSettings(List.of(0.02), 3, List.of(10.0), 5, 1, 8, 0.05, 0.5, 0.05, 3, 3, 1),
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
            "average, rho 10",
            "largest eigenvalue"),
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
                "0.001000",
                "243.0"),
            List.of(
                "squat 2-8-8",
                "1",
                "0.3047",
                "0.3100",
                "adaptive",
                "7.200",
                "0.5000",
                "0.002000",
                "486.1")),
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
    assertEquals("486.1 ± 340", squat.get(8));
    // By seed 1/2 and 3/4 of lsq: sqrt(3/8) in the geometric mean.
    List<String> ratios =
        tables.get(1).rows().stream()
            .filter(row -> row.get(0).equals("squat 2-8-8"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        List.of("squat 2-8-8", "lsq 2-8-8", "2", "plain", "0.612 [0.500, 0.750]"),
        ratios.subList(0, 5));
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
            "runs/other", "squat-2-8-8-rho0.05", "squat", "2-8-8", 1, "5eed", one.sharpness());
    assertEquals(
        List.of("squat-2-8-8", "squat-2-8-8-rho0.05"),
        tables(results(one, other)).get(0).rows().stream()
            .map(row -> row.get(0))
            .distinct()
            .toList());
  }

  @Test
  void aRiseThatIsNotPositiveHasNoRatio() {
    List<Block.Table> tables =
        tables(results(model("squat", "2-8-8", 1, -1), model("lsq", "2-8-8", 1, 1)));
    assertEquals("", tables.get(1).rows().get(0).get(5));
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
