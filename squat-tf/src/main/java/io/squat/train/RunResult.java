package io.squat.train;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a run, as {@code result.json} holds it.
 *
 * @param task the task
 * @param method the method
 * @param bits W-E-A, or null for {@code fp}
 * @param seed the seed
 * @param floatScores dev scores of the float stage, an entry an epoch
 * @param quantizedScores dev scores of the quantized stage; empty for {@code fp}
 * @param best the metrics of the best epoch of the last stage, by the task's first metric
 * @param last the metrics of its last epoch: those of the model that is exported
 * @param further its metrics on rows with labels besides dev, by their splits: of MNLI {@code
 *     dev_mismatched}, if its file was there
 */
public record RunResult(
    String task,
    String method,
    @Nullable String bits,
    long seed,
    List<DevScore> floatScores,
    List<DevScore> quantizedScores,
    Map<String, Double> best,
    Map<String, Double> last,
    Map<String, Map<String, Double>> further) {

  /** Copies the lists. Files of before there were further rows have none. */
  public RunResult {
    floatScores = List.copyOf(floatScores);
    quantizedScores = List.copyOf(quantizedScores);
    further = Objects.requireNonNullElse(further, Map.of());
  }

  /** That of a run of fp that is the float stage of this one. */
  public RunResult floatStage() {
    return new RunResult(
        task,
        Method.FP.label(),
        null,
        seed,
        floatScores,
        List.of(),
        best(floatScores).metrics(),
        floatScores.get(floatScores.size() - 1).metrics(),
        Map.of());
  }

  private static DevScore best(List<DevScore> scores) {
    return scores.stream().max(Comparator.comparingDouble(DevScore::headline)).orElseThrow();
  }

  /** The dev scores of the last stage, an entry an epoch. */
  public List<DevScore> lastScores() {
    return quantizedScores.isEmpty() ? floatScores : quantizedScores;
  }

  static RunResult of(RunFolder folder, RunSettings settings) {
    List<DevScore> floats = folder.stage(StageSettings.FLOAT).scores();
    List<DevScore> quantized =
        settings.method().quantized() ? folder.stage(StageSettings.QUANTIZED).scores() : List.of();
    List<DevScore> reported = quantized.isEmpty() ? floats : quantized;
    return new RunResult(
        settings.task().displayName(),
        settings.method().label(),
        settings.method().quantized() ? settings.bits() : null,
        settings.seed(),
        floats,
        quantized,
        best(reported).metrics(),
        reported.get(reported.size() - 1).metrics(),
        folder.stage(settings.lastStage()).furtherScores());
  }
}
