package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.squat.ops.BitWidths;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

/**
 * Whatever is done to a model's file, reading and rewriting it ends soon, in a graph or in one line
 * that says what is wrong.
 *
 * <p>Without {@code tries} a property runs 1,000 times; {@code -Djqwik.tries.default=10000} lets it
 * run longer.
 */
class DamagedModelTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int RUNS = 200;

  @Property(seed = "20261125", shrinking = ShrinkingMode.OFF)
  void damagedModelsAreReadOrRefusedInOneLine(
      @ForAll TinyModel tiny, @ForAll DamagedModel.Damage damage, @ForAll long seed)
      throws IOException {
    Path folder = Files.createTempDirectory("damaged");
    try {
      DamagedModel.write(tiny, damage, seed, folder);
      assertTimeoutPreemptively(LIMIT, () -> readAndRewrite(folder));
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  @Test
  void tensorFlowTakesOrRefusesWhatIsReadAndNeverEndsTheProcess()
      throws IOException, InterruptedException {
    Process runner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                DamagedModelRunner.class.getName(),
                "0",
                Integer.toString(RUNS))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> ends;
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(runner.getInputStream(), StandardCharsets.UTF_8))) {
      ends = output.lines().toList();
    }
    assertEquals(0, runner.waitFor(), "ended after " + ends);
    assertEquals(RUNS, ends.size());
    assertTrue(ends.stream().anyMatch(end -> end.endsWith("refused")), ends.toString());
    assertTrue(ends.stream().anyMatch(end -> end.endsWith("ran")), ends.toString());
  }

  private static void readAndRewrite(Path folder) {
    try {
      ModelGraph model = SavedModelReader.readGraph(folder, SavedModelReader.Choice.DEFAULT);
      Rewriting.forTraining(
          Rewriting.withHead(model, 2), Quantization.of(BitWidths.parse("4-8-8")), true);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      assertEquals(1, message.lines().count(), message);
      if (message.toLowerCase(Locale.ROOT).contains("exception")) {
        fail(message, e);
      }
    }
  }
}
