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
        List.of(new EpsilonSharpness(0.02, 0.1 * scale, 0.25 * scale)),
        List.of(new AverageSharpness(0.02, 0.001 * scale, 0.0005)),
        new Spectrum(List.of(new Spectrum.Eigenvalue(243.04 * scale, 0.84))));
  }

  private static SharpnessResults results() {
    List<Double> at = List.of(-0.5, 0.0, 0.5);
    Sharpness sharpness =
        new Sharpness(
            0.30468,
            3.6,
            11_400_000,
            measures(1),
            measures(2),
            List.of(
                new Landscape.Line("random", at, List.of(1.0, 0.3, 1.0)),
                new Landscape.Line("gradient", at, List.of(0.9, 0.3, 2.0))),
            new Landscape.Surface(
                at,
                List.of(List.of(2.0, 1.0, 2.0), List.of(1.0, 0.3, 1.0), List.of(2.0, 1.0, 2.0))));
    return new SharpnessResults(
        "MRPC",
        "train",
        "hash",
        128,
        false,
        new SharpnessSettings(List.of(0.02), 3, 5, 1, 8, 0.05, 0.5, 3, 3, 1),
        List.of(new SharpnessResults.Model("runs/a", "squat", "2-8-8", 3, "5eed", sharpness)));
  }

  @Test
  void aRowAScaleWithTheNumbersOfTheFile() {
    Block.Table table =
        SharpnessSection.blocks(results(), 1).stream()
            .filter(Block.Table.class::isInstance)
            .map(Block.Table.class::cast)
            .findFirst()
            .orElseThrow();
    assertEquals(
        List.of(
            "model",
            "scale",
            "loss",
            "epsilon, rho 0.02",
            "average, rho 0.02",
            "largest eigenvalue"),
        table.head());
    assertEquals(
        List.of(
            List.of(
                "squat 2-8-8, seed 3",
                "plain",
                "0.3047",
                "0.2500",
                "0.0010 ± 0.00050",
                "243.0 (residual 0.84)"),
            List.of(
                "squat 2-8-8, seed 3",
                "adaptive",
                "0.3047",
                "0.5000",
                "0.0020 ± 0.00050",
                "486.1 (residual 0.84)")),
        table.rows());
  }

  @Test
  void resultsBelowASweepAreInItsReportAndAmongItsResultFiles() throws IOException {
    Path sweep = FixedSweep.unpack(folder.resolve("sweep"));
    results().write(Files.createDirectories(sweep.resolve("sharpness")));
    Path kept = folder.resolve("kept");
    ResultFiles.copy(sweep, kept);
    for (Path reported : List.of(sweep, kept)) {
      Path page = folder.resolve("page");
      Report.of(List.of(reported)).write(page);
      String text = Files.readString(page.resolve("report.md"));
      assertTrue(text.contains("## Sharpness on MRPC"), text);
      assertTrue(text.contains("sharpness-1-surfaces.png"), text);
      assertTrue(Files.size(page.resolve("sharpness-1-surfaces.png")) > 1000);
    }
  }
}
