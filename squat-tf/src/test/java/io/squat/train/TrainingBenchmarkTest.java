package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.BitWidths;
import io.squat.savedmodels.Quantization;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingBenchmarkTest {
  @Test
  void ratiosAreToTheFirstMethod() {
    Map<Method, double[]> seconds = new LinkedHashMap<>();
    seconds.put(Method.LSQ, new double[] {4, 2, 1, 3});
    seconds.put(Method.SQUAT, new double[] {6, 5, 8, 7});
    TrainingBenchmark.Load load =
        new TrainingBenchmark.Load(
            List.of(Method.LSQ, Method.SQUAT),
            Quantization.of(BitWidths.parse("4-8-8")),
            Alternation.WITHIN,
            new OptimizerSettings(1e-3, 1e-3, 0.01, 0.1, 1, 0.1),
            0.01,
            8,
            128,
            4,
            1);
    assertEquals(
        List.of(
            new TrainingBenchmark.Timing("lsq", 1, 2.5, 8 * 128 / 2.5, 1, 1),
            new TrainingBenchmark.Timing("squat", 5, 6.5, 8 * 128 / 6.5, 5, 2.6)),
        TrainingBenchmark.timings(seconds, load));
  }
}
