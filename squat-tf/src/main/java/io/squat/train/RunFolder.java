package io.squat.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.hash.Hashing;
import io.squat.savedmodels.CheckpointOps;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * The folder of a run.
 *
 * <pre>
 * settings.json            what decides the numbers
 * encoder/                 saved_model.pb of the model that was trained, without its variables
 * assets/vocab.txt
 * data.json                number and lengths of the rows
 * dev-labels.txt           the labels of the dev rows
 * float/, quantized/       one folder a stage
 *   metrics.jsonl          the lines of {@link MetricsLine}
 *   dev-predictions-E.txt  what the model said of the dev rows after epoch E
 *   tensorboard/           metrics.jsonl as events for TensorBoard, anew after every epoch
 *   checkpoints/step-N/    the last two, with the optimizers' state; gone when the stage is done
 *   model/                 variables of the finished stage, scores.json, dev-predictions.txt,
 *                          histograms.json of quantized weights, further-scores.json of other
 *                          rows with labels, such as MNLI's mismatched ones
 * result.json              when the run is done
 * lock                     held by the process that trains
 * </pre>
 *
 * <p>Folders and JSON files are there as a whole or not at all: {@link WholeFiles}.
 */
public final class RunFolder {
  private static final String VARIABLES = "variables";
  private static final String STEP = "step-";
  private static final String CHECKPOINTS = "checkpoints";
  static final String PREDICTIONS = "dev-predictions.txt";
  static final String FURTHER = "further-scores.json";
  static final String HISTOGRAMS = "histograms.json";
  private static final int KEPT_CHECKPOINTS = 2;

  private final Path root;

  /** The run of a folder, which need not be there yet. */
  public RunFolder(Path root) {
    this.root = root;
  }

  /** The folder. */
  public Path root() {
    return root;
  }

  /** A SavedModel folder with the graph that was trained, but without variables. */
  public Path encoder() {
    return root.resolve("encoder");
  }

  /** The vocabulary. */
  public Path vocabulary() {
    return root.resolve("assets").resolve("vocab.txt");
  }

  /** The result, when the run is done. */
  public Path result() {
    return root.resolve("result.json");
  }

  /** Whether the run is done. */
  public boolean isFinished() {
    return Files.exists(result());
  }

  /**
   * What came out of the run.
   *
   * @throws IllegalArgumentException if it is not done
   */
  public RunResult readResult() {
    if (!isFinished()) {
      throw new IllegalArgumentException(
          root
              + ": expected a finished run, found one without "
              + result().getFileName()
              + "; go on with it by the same `squat train`");
    }
    return WholeFiles.readJson(result(), RunResult.class);
  }

  private Path settingsFile() {
    return root.resolve("settings.json");
  }

  /** Whether this is the folder of a run: others, too, may have a {@code settings.json}. */
  public boolean isRun() {
    return Files.isRegularFile(settingsFile())
        && WholeFiles.readJson(settingsFile(), JsonNode.class).path("method").isTextual();
  }

  /**
   * The settings of the run.
   *
   * @throws IllegalArgumentException if the folder is no run
   */
  public RunSettings settings() {
    if (!Files.isRegularFile(settingsFile())) {
      throw new IllegalArgumentException(
          root
              + ": expected the folder of a run with settings.json, found "
              + (Files.isDirectory(root) ? "none in it" : "no such folder"));
    }
    return WholeFiles.readJson(settingsFile(), RunSettings.class);
  }

  private Path dataFile() {
    return root.resolve("data.json");
  }

  /** What the run's rows are like; runs of before this was kept have nothing. */
  public Optional<RunData> data() {
    return Files.isRegularFile(dataFile())
        ? Optional.of(WholeFiles.readJson(dataFile(), RunData.class))
        : Optional.empty();
  }

  void writeData(RunData data) {
    WholeFiles.writeJson(dataFile(), data);
  }

  /** The folder of a finished stage's model, or where it will be. */
  public Path model(String stage) {
    return root.resolve(stage).resolve("model");
  }

  /** The prefix of a finished stage's variables. */
  public Path variables(String stage) {
    return model(stage).resolve(VARIABLES);
  }

  /**
   * SHA-256 of the settings and of what the index of a finished stage's variables says of them,
   * their checksums among it.
   */
  public String modelHash(String stage) {
    Path index = variables(stage).resolveSibling(VARIABLES + ".index");
    try {
      return Hashing.sha256()
          .newHasher()
          .putBytes(Files.readAllBytes(settingsFile()))
          .putBytes(Files.readAllBytes(index))
          .hash()
          .toString();
    } catch (IOException e) {
      throw new UncheckedIOException(index + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Whether a stage is finished. */
  public boolean isDone(String stage) {
    return Files.isDirectory(model(stage));
  }

  private Path labelsFile() {
    return root.resolve("dev-labels.txt");
  }

  /**
   * The labels of the dev rows, as the predictions are; runs of before they were kept have none.
   */
  public Optional<float[]> devLabels() {
    return Files.isRegularFile(labelsFile())
        ? Optional.of(WholeFiles.readNumbers(labelsFile()))
        : Optional.empty();
  }

  void writeLabels(float[] labels) {
    WholeFiles.writeNumbers(labelsFile(), labels);
  }

  /**
   * What a finished stage said of the dev rows after its last epoch: class indices or values, in
   * the file's order.
   */
  public float[] devPredictions(String stage) {
    return WholeFiles.readNumbers(model(stage).resolve(PREDICTIONS));
  }

  private Path predictionsFile(String stage, int epoch) {
    return root.resolve(stage).resolve("dev-predictions-" + epoch + ".txt");
  }

  /**
   * What a stage said of the dev rows after one of its epochs, from 1; runs of before that was kept
   * have the last epoch's alone.
   */
  public Optional<float[]> devPredictions(String stage, int epoch) {
    Path file = predictionsFile(stage, epoch);
    return Files.isRegularFile(file) ? Optional.of(WholeFiles.readNumbers(file)) : Optional.empty();
  }

  void writePredictions(String stage, int epoch, float[] predictions) {
    Path file = predictionsFile(stage, epoch);
    try {
      Files.createDirectories(file.resolveSibling("."));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
    WholeFiles.writeNumbers(file, predictions);
  }

  /** The scores of a finished stage on the dev rows, an epoch each, in their order. */
  List<DevScore> scores(String stage) {
    return List.of(WholeFiles.readJson(model(stage).resolve("scores.json"), DevScore[].class));
  }

  /**
   * The metrics of a finished stage's model on rows with labels besides dev, by their splits; empty
   * where there were none.
   */
  Map<String, Map<String, Double>> furtherScores(String stage) {
    Path file = model(stage).resolve(FURTHER);
    return Files.isRegularFile(file) ? WholeFiles.readJson(file, FurtherScores.class) : Map.of();
  }

  /** Tells JSON's reader what is in the map. */
  private static final class FurtherScores extends LinkedHashMap<String, Map<String, Double>> {
    private static final long serialVersionUID = 1;
  }

  /** How the weights of a finished stage lie on their grids; empty where nothing was kept. */
  public List<WeightHistogram> histograms(String stage) {
    Path file = model(stage).resolve(HISTOGRAMS);
    return Files.isRegularFile(file)
        ? List.of(WholeFiles.readJson(file, WeightHistogram[].class))
        : List.of();
  }

  /** What a stage wrote at each step and after each epoch, a line of JSON each. */
  public Path metrics(String stage) {
    return root.resolve(stage).resolve("metrics.jsonl");
  }

  /**
   * The lines of a stage's metrics, plain or gzip, in their order; none if it has not begun. A last
   * line that is not whole is left out: a process writes it now, or was killed.
   */
  public List<MetricsLine> metricsLines(String stage) {
    Path file = metrics(stage);
    Path zipped = file.resolveSibling(file.getFileName() + ".gz");
    if (!Files.isRegularFile(file) && !Files.isRegularFile(zipped)) {
      return List.of();
    }
    try (InputStream in =
        Files.isRegularFile(file)
            ? Files.newInputStream(file)
            : new GZIPInputStream(Files.newInputStream(zipped))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      List<MetricsLine> lines = new ArrayList<>();
      for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
        lines.add(MetricsLine.parse(line));
      }
      return lines;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Adds a line to a stage's metrics. */
  void addMetrics(String stage, MetricsLine line) {
    Path file = metrics(stage);
    try {
      Files.createDirectories(file.resolveSibling("."));
      Files.writeString(
          file,
          line.text() + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes the metrics so far as events, in the place of those before. */
  void writeEvents(String stage) {
    WholeFiles.writeFolder(
        root.resolve(stage).resolve("tensorboard"),
        part -> RunEvents.write(part, metricsLines(stage)));
  }

  /**
   * Begins a run, or goes on with an unfinished one of the same settings.
   *
   * @param settings the settings of the run that is wanted
   * @param graph {@code saved_model.pb}
   * @param vocab the vocabulary
   * @throws IllegalArgumentException if something else is there
   */
  void open(RunSettings settings, Path graph, Path vocab) {
    check(settings);
    if (isThere()) {
      return;
    }
    try {
      Files.createDirectories(encoder());
      Files.createDirectories(vocabulary().resolveSibling("."));
      Files.copy(graph, encoder().resolve("saved_model.pb"), StandardCopyOption.REPLACE_EXISTING);
      Files.copy(vocab, vocabulary(), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be written: " + e.getMessage(), e);
    }
    WholeFiles.writeJson(settingsFile(), settings);
  }

  /**
   * Checks that a run can begin here or go on, and writes nothing.
   *
   * @param settings the settings of the run that is wanted
   * @throws IllegalArgumentException if something else is there
   */
  public void check(RunSettings settings) {
    CheckpointOps.requirePlainName(root);
    if (isThere()) {
      requireSame(settings);
      if (isFinished()) {
        throw new IllegalArgumentException(
            root + ": this run is finished (result.json is there); choose another --out");
      }
      return;
    }
    if (!isEmpty()) {
      throw new IllegalArgumentException(
          root
              + ": expected an empty folder or an unfinished run, found other files; choose another --out");
    }
  }

  /**
   * Checks that the run in this folder has these settings.
   *
   * @throws IllegalArgumentException if it has others, which the message shows, or there is none
   */
  public void requireSame(RunSettings settings) {
    RunSettings found = settings();
    if (!found.equals(settings)) {
      throw new IllegalArgumentException(
          root
              + ": expected an empty folder or a run of the same settings, found a run of other"
              + " settings: "
              + WholeFiles.difference(found, settings)
              + "; choose another --out");
    }
  }

  /** Whether there is a run here that was begun. */
  public boolean isThere() {
    return Files.isRegularFile(settingsFile());
  }

  /** Removes the quantized model of a finished run; its scores and predictions stay. */
  public void prune() {
    Path model = model(StageSettings.QUANTIZED);
    if (!isFinished() || !Files.isDirectory(model)) {
      return;
    }
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith(VARIABLES + ".")) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(model + ": cannot be removed: " + e.getMessage(), e);
    }
  }

  /** Whether the variables of a finished stage are there. */
  public boolean hasModel(String stage) {
    return Files.exists(model(stage).resolve(VARIABLES + ".index"));
  }

  /**
   * Checks that the variables of a finished stage are there.
   *
   * @throws IllegalArgumentException if the stage is not finished, or its model was removed
   */
  public void requireModel(String stage) {
    if (!isDone(stage) && !isFinished()) {
      throw new IllegalArgumentException(
          root
              + ": expected a finished run, found one whose stage "
              + stage
              + " is not finished; go on with it by the same `squat train`");
    }
    if (!hasModel(stage)) {
      throw new IllegalArgumentException(
          root
              + ": expected the model of the stage "
              + stage
              + ", found its scores alone: results that were kept have no model, and `squat glue"
              + " --prune` removes it; train it again, in another folder");
    }
  }

  /**
   * Checks that the float stage of another run is what this one's would be.
   *
   * @throws IllegalArgumentException if it is not finished, or of other settings
   */
  void checkFloatStage(RunSettings settings, RunFolder floatRun) {
    FloatSettings found = floatRun.settings().floatSettings();
    FloatSettings wanted = settings.floatSettings();
    if (!found.equals(wanted)) {
      throw new IllegalArgumentException(
          floatRun.root
              + ": expected a run with the float stage of this one, found one of other settings: "
              + WholeFiles.difference(found, wanted)
              + "; choose another --float-run, or none");
    }
    floatRun.requireModel(StageSettings.FLOAT);
  }

  /** Takes the finished float stage of another run; its model is linked where that is possible. */
  void takeFloatStage(RunFolder floatRun) {
    Path given = floatRun.root.resolve(StageSettings.FLOAT);
    WholeFiles.writeFolder(
        root.resolve(StageSettings.FLOAT), part -> floatRun.copyFiles(given, part));
  }

  /**
   * Takes all of a finished run, in the place of what is here; models are linked where that is
   * possible.
   *
   * @param finished a run, or what {@code report --results} keeps of one
   */
  public void takeRun(RunFolder finished) {
    WholeFiles.writeFolder(root, part -> finished.copyFiles(finished.root, part));
  }

  private static boolean isBelow(Path file, Function<String, Path> ofStage) {
    return Stream.of(StageSettings.FLOAT, StageSettings.QUANTIZED)
        .anyMatch(stage -> file.startsWith(ofStage.apply(stage)));
  }

  /**
   * Where the same run is done again, while this folder keeps what came out of it before; hidden,
   * so that it counts as no run of its own.
   */
  public RunFolder again() {
    return new RunFolder(root.resolveSibling(".again-" + root.getFileName()));
  }

  /**
   * Takes what was done {@link #again}, if that is finished and has the result that is here.
   *
   * @return whether it was taken
   */
  public boolean takeAgain() {
    RunFolder again = again();
    if (!again.isFinished() || (isFinished() && !again.hasResultOf(this))) {
      return false;
    }
    takeRun(again);
    WholeFiles.delete(again.root);
    return true;
  }

  /**
   * Whether the last stage of another run of the same settings came out as that of this one, by the
   * scores and predictions of all its epochs; both are finished. Scores on further rows do not
   * count: whether there are any depends on the files that were there.
   */
  public boolean hasResultOf(RunFolder other) {
    String stage = settings().lastStage();
    RunResult ours = readResult();
    RunResult theirs = other.readResult();
    if (!ours.floatScores().equals(theirs.floatScores())
        || !ours.quantizedScores().equals(theirs.quantizedScores())) {
      return false;
    }
    for (int epoch = 1; epoch <= ours.lastScores().size(); epoch++) {
      Optional<float[]> here = devPredictions(stage, epoch);
      Optional<float[]> there = other.devPredictions(stage, epoch);
      if (here.isPresent() && there.isPresent() && !Arrays.equals(here.get(), there.get())) {
        return false;
      }
    }
    return true;
  }

  /** Copies the files of this run below one of its folders, but checkpoints and locks. */
  private void copyFiles(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = to.resolve(from.relativize(file));
        if (file.equals(root.resolve(FolderLock.FILE)) || isBelow(file, this::checkpointFolder)) {
          continue;
        }
        Files.createDirectories(copy.resolveSibling("."));
        if (isBelow(file, this::model)) {
          link(file, copy);
        } else {
          Files.copy(file, copy);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(to + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void link(Path file, Path place) throws IOException {
    try {
      Files.createLink(place, file.toRealPath());
    } catch (UnsupportedOperationException | FileSystemException e) { // another disk
      Files.copy(file, place);
    }
  }

  private boolean isEmpty() {
    if (!Files.exists(root)) {
      return true;
    }
    if (!Files.isDirectory(root)) {
      return false;
    }
    try (Stream<Path> files = Files.list(root)) {
      // What a run leaves that was stopped before its settings were written.
      return files.allMatch(
          file ->
              file.equals(encoder())
                  || file.equals(root.resolve("assets"))
                  || file.equals(root.resolve(FolderLock.FILE))
                  || file.equals(WholeFiles.part(settingsFile())));
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes a checkpoint and removes all but the last two. */
  void writeCheckpoint(String stage, StagePosition position, Consumer<Path> variables) {
    Path checkpoints = checkpointFolder(stage);
    WholeFiles.writeFolder(
        checkpoints.resolve(STEP + position.step()),
        folder -> {
          variables.accept(folder.resolve("variables"));
          WholeFiles.writeJson(folder.resolve("position.json"), position);
        });
    List<Path> all = checkpoints(stage);
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT_CHECKPOINTS))) {
      WholeFiles.delete(old);
    }
  }

  /** The prefix of the variables of the last checkpoint of a stage. */
  Optional<Path> lastCheckpoint(String stage) {
    List<Path> all = checkpoints(stage);
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(all.get(all.size() - 1).resolve("variables"));
  }

  static StagePosition position(Path checkpoint) {
    return WholeFiles.readJson(checkpoint.resolveSibling("position.json"), StagePosition.class);
  }

  private Path checkpointFolder(String stage) {
    return root.resolve(stage).resolve(CHECKPOINTS);
  }

  void deleteCheckpoints(String stage) {
    WholeFiles.delete(checkpointFolder(stage));
  }

  private List<Path> checkpoints(String stage) {
    Path folder = checkpointFolder(stage);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(STEP))
          .sorted(Comparator.comparingLong(RunFolder::step))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static long step(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring(STEP.length()));
  }

  /**
   * Forgets what was written after a checkpoint, and what the quantizers were at its step: they are
   * looked at before the step that follows.
   */
  void trimMetrics(String stage, StagePosition position) {
    Path file = metrics(stage);
    if (!Files.exists(file)) {
      return;
    }
    if (position.equals(StagePosition.START)) { // a stage of no epochs, too, has its score after it
      WholeFiles.writeText(file, "");
      return;
    }
    try {
      String lines = Files.readString(file, StandardCharsets.UTF_8);
      // A line that was cut off has no end, and is about a step after the checkpoint.
      String whole = lines.substring(0, lines.lastIndexOf('\n') + 1);
      StringBuilder kept = new StringBuilder();
      for (String line : whole.lines().toList()) {
        MetricsLine metrics = MetricsLine.parse(line);
        if (isBefore(metrics, position)) {
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
}
