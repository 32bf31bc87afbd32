package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunEventsTest {
  @TempDir Path folder;

  private void append(MetricsLine line) {
    new RunFolder(folder).stage("quantized").addMetrics(line);
  }

  @Test
  void everyNumberOfTheMetricsIsAnEventOnce() throws IOException {
    append(
        MetricsLine.ofQuantizers(
            0, Map.of("k", new QuantizerState("weight", 0.25, 0.1, 0.5, 0.125))));
    append(MetricsLine.ofStep(1, 0.75f, 5e-5, null));
    append(MetricsLine.ofStep(2, 0.5f, 4e-5, 0.625f));
    append(MetricsLine.ofEpoch(2, new DevScore(1, Map.of("accuracy", 0.875))));
    RunFolder run = new RunFolder(folder);
    run.stage("quantized").writeEvents();
    Map<String, Float> expected =
        Map.of(
            "0 step size/k", 0.25f,
            "0 clipped/k", 0.125f,
            "1 loss", 0.75f,
            "1 learning rate", 5e-5f,
            "2 loss", 0.5f,
            "2 learning rate", 4e-5f,
            "2 loss of the step-size phase", 0.625f,
            "2 dev/accuracy", 0.875f);
    assertEquals(expected, EventFile.summaries(folder, "quantized"));
    run.stage("quantized").writeEvents(); // in the place of those before
    assertEquals(expected, EventFile.summaries(folder, "quantized"));
  }

  @Test
  void metricsAreReadAsTheyWereWritten() throws IOException {
    Path file = folder.resolve("float").resolve("metrics.jsonl");
    Files.createDirectories(file.getParent());
    // As they were before there were lines of quantizers.
    Files.writeString(
        file,
        """
        {"step":1,"loss":0.7,"learningRate":1.0E-5}
        {"step":1,"epoch":1,"dev":{"Matthews":0.1}}
        """);
    assertEquals(
        List.of(
            MetricsLine.ofStep(1, 0.7f, 1e-5, null),
            MetricsLine.ofEpoch(1, new DevScore(1, Map.of("Matthews", 0.1)))),
        new RunFolder(folder).stage("float").metricsLines());
  }
}
