package io.squat.train;

import io.squat.files.RecordFiles;
import io.squat.files.WholeFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * The folder of a stage of a run, {@code float} or {@code quantized}; it need not be there yet.
 *
 * <pre>
 * metrics.jsonl          the lines of {@link MetricsLine}
 * dev-predictions-E.txt  what the model said of the dev rows after epoch E
 * tensorboard/           metrics.jsonl as events for TensorBoard, anew after every epoch
 * checkpoints/step-N/    the last two, with the optimizers' state; gone when the stage is done
 * model/                 variables of the finished stage, scores.json, dev-predictions.txt,
 *                        histograms.json of quantized weights, further-scores.json of other
 *                        rows with labels, such as MNLI's mismatched ones
 * </pre>
 *
 * @param root the folder
 */
public record StageFolder(Path root) {
  private static final String VARIABLES = "variables";
  private static final String STEP = "step-";
  private static final int KEPT_CHECKPOINTS = 2;

  /** Tells JSON's reader what is in the map. */
  private static final class FurtherScores extends LinkedHashMap<String, Map<String, Double>> {
    private static final long serialVersionUID = 1;
  }

  /** The folder of the finished stage's model, or where it will be. */
  public Path model() {
    return root.resolve("model");
  }

  /** Whether the stage is finished. */
  boolean isDone() {
    return Files.isDirectory(model());
  }

  /** The prefix of the finished stage's variables. */
  public Path variables() {
    return model().resolve(VARIABLES);
  }

  /** What names the finished stage's variables and has their checksums. */
  Path variablesIndex() {
    return model().resolve(VARIABLES + ".index");
  }

  /** Whether the variables of the finished stage are there. */
  public boolean hasModel() {
    return Files.exists(variablesIndex());
  }

  /** Removes the variables of the finished stage; its scores and predictions stay. */
  void deleteVariables() {
    try (Stream<Path> files = Files.list(model())) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith(VARIABLES + ".")) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(model() + ": cannot be removed: " + e.getMessage(), e);
    }
  }

  /**
   * Ends the stage: its model is there as a whole or not at all, and its checkpoints are gone.
   *
   * @param variables writes the model's variables to a prefix
   * @param scores on the dev rows, an epoch each, in their order
   * @param devPredictions after the last epoch, in the file's order
   * @param furtherScores on rows with labels besides dev, by their splits
   * @param histograms how the quantized weights lie on their grids
   */
  void finish(
      Consumer<Path> variables,
      List<DevScore> scores,
      float[] devPredictions,
      Map<String, Map<String, Double>> furtherScores,
      List<WeightHistogram> histograms) {
    WholeFiles.writeFolder(
        model(),
        part -> {
          variables.accept(part.resolve(VARIABLES));
          RecordFiles.write(scoresFile(part), scores);
          NumberLines.write(predictionsFile(part), devPredictions);
          if (!furtherScores.isEmpty()) {
            RecordFiles.write(furtherFile(part), furtherScores);
          }
          if (!histograms.isEmpty()) {
            RecordFiles.write(histogramsFile(part), histograms);
          }
        });
    deleteCheckpoints();
  }

  private static Path scoresFile(Path model) {
    return model.resolve("scores.json");
  }

  private static Path predictionsFile(Path model) {
    return model.resolve("dev-predictions.txt");
  }

  private static Path furtherFile(Path model) {
    return model.resolve("further-scores.json");
  }

  private static Path histogramsFile(Path model) {
    return model.resolve("histograms.json");
  }

  /** The scores of the finished stage on the dev rows, an epoch each, in their order. */
  List<DevScore> scores() {
    return List.of(RecordFiles.read(scoresFile(model()), DevScore[].class));
  }

  /**
   * What the finished stage said of the dev rows after its last epoch: class indices or values, in
   * the file's order.
   */
  public float[] devPredictions() {
    return NumberLines.read(predictionsFile(model()));
  }

  /**
   * The metrics of the finished stage's model on rows with labels besides dev, by their splits;
   * empty where there were none.
   */
  Map<String, Map<String, Double>> furtherScores() {
    Path file = furtherFile(model());
    return Files.isRegularFile(file) ? RecordFiles.read(file, FurtherScores.class) : Map.of();
  }

  /** Where {@link #histograms} are. */
  public Path histogramsFile() {
    return histogramsFile(model());
  }

  /** How the weights of the finished stage lie on their grids; empty where nothing was kept. */
  public List<WeightHistogram> histograms() {
    return Files.isRegularFile(histogramsFile())
        ? List.of(RecordFiles.read(histogramsFile(), WeightHistogram[].class))
        : List.of();
  }

  private Path predictionsFile(int epoch) {
    return root.resolve("dev-predictions-" + epoch + ".txt");
  }

  /**
   * What the stage said of the dev rows after one of its epochs, from 1; runs of before that was
   * kept have the last epoch's alone.
   */
  public Optional<float[]> devPredictions(int epoch) {
    Path file = predictionsFile(epoch);
    return Files.isRegularFile(file) ? Optional.of(NumberLines.read(file)) : Optional.empty();
  }

  void writePredictions(int epoch, float[] predictions) {
    create();
    NumberLines.write(predictionsFile(epoch), predictions);
  }

  private void create() {
    try {
      Files.createDirectories(root);
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** What the stage wrote at each step and after each epoch, a line of JSON each. */
  public Path metrics() {
    return root.resolve("metrics.jsonl");
  }

  /**
   * The lines of the metrics, plain or gzip, in their order; none if the stage has not begun. A
   * last line that is not whole is left out: a process writes it now, or was killed.
   */
  public List<MetricsLine> metricsLines() {
    Path plain = metrics();
    boolean zipped = !Files.isRegularFile(plain);
    Path file = zipped ? plain.resolveSibling(plain.getFileName() + ".gz") : plain;
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    try (InputStream in = Files.newInputStream(file);
        InputStream text = zipped ? new GZIPInputStream(in) : in) {
      List<MetricsLine> lines = new ArrayList<>();
      for (String line : wholeLines(new String(text.readAllBytes(), StandardCharsets.UTF_8))) {
        lines.add(parsed(file, line));
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static MetricsLine parsed(Path file, String line) {
    try {
      return MetricsLine.parse(line);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /** Lines that have an end: one that was cut off has none. */
  private static List<String> wholeLines(String text) {
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  /** Adds a line to the metrics. */
  void addMetrics(MetricsLine line) {
    create();
    try {
      Files.writeString(
          metrics(),
          line.text() + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(metrics() + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Forgets what was written after a checkpoint, and what the quantizers were at its step: they are
   * looked at before the step that follows. A line that was cut off is about a step after the
   * checkpoint.
   */
  void trimMetrics(StagePosition position) {
    Path file = metrics();
    if (!Files.exists(file)) {
      return;
    }
    if (position.equals(StagePosition.START)) { // a stage of no epochs, too, has its score after it
      WholeFiles.writeText(file, "");
      return;
    }
    try {
      StringBuilder kept = new StringBuilder();
      for (String line : wholeLines(Files.readString(file, StandardCharsets.UTF_8))) {
        if (isBefore(parsed(file, line), position)) {
          kept.append(line).append('\n');
        }
      }
      WholeFiles.writeText(file, kept.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be rewritten: " + e.getMessage(), e);
    }
  }

  /** Whether a line was there when the checkpoint was written, of the step's own lines too. */
  private static boolean isBefore(MetricsLine line, StagePosition position) {
    if (line.step() != position.step()) {
      return line.step() < position.step();
    }
    Integer epoch = line.epoch();
    return line.quantizers() == null && (epoch == null || epoch <= position.scores().size());
  }

  /** Writes the metrics so far as events, in the place of those before. */
  void writeEvents() {
    WholeFiles.writeFolder(
        root.resolve("tensorboard"), part -> RunEvents.write(part, metricsLines()));
  }

  /** Where checkpoints are while the stage runs. */
  Path checkpointFolder() {
    return root.resolve("checkpoints");
  }

  /** Writes a checkpoint and removes all but the last two. */
  void writeCheckpoint(StagePosition position, Consumer<Path> variables) {
    WholeFiles.writeFolder(
        checkpointFolder().resolve(STEP + position.step()),
        folder -> {
          variables.accept(folder.resolve(VARIABLES));
          RecordFiles.write(folder.resolve("position.json"), position);
        });
    List<Path> all = checkpoints();
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT_CHECKPOINTS))) {
      WholeFiles.delete(old);
    }
  }

  /** The prefix of the variables of the last checkpoint. */
  Optional<Path> lastCheckpoint() {
    List<Path> all = checkpoints();
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(all.get(all.size() - 1).resolve(VARIABLES));
  }

  /** The position of a checkpoint, given the prefix of its variables. */
  static StagePosition position(Path checkpoint) {
    return RecordFiles.read(checkpoint.resolveSibling("position.json"), StagePosition.class);
  }

  void deleteCheckpoints() {
    WholeFiles.delete(checkpointFolder());
  }

  private List<Path> checkpoints() {
    Path folder = checkpointFolder();
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(STEP))
          .sorted(Comparator.comparingLong(StageFolder::step))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static long step(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring(STEP.length()));
  }
}
