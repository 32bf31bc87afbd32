package io.squat.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The folder of a run.
 *
 * <pre>
 * settings.json            what decides the numbers
 * encoder/                 saved_model.pb of the model that was trained, without its variables
 * assets/vocab.txt
 * data.json                number and lengths of the rows
 * float/, quantized/       one folder a stage
 *   metrics.jsonl          a line a step, and a line an evaluation
 *   checkpoints/step-N/    the last two, with the optimizers' state; gone when the stage is done
 *   model/                 variables of the finished stage, scores.json, dev-predictions.txt
 * result.json              when the run is done
 * lock                     held by the process that trains
 * </pre>
 *
 * <p>Folders and JSON files are written beside and renamed: each is there as a whole or not at all.
 */
public final class RunFolder {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          // A step size was one number before there was one a channel.
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY);
  private static final String PART = ".part-";
  private static final String VARIABLES = "variables";
  private static final String STEP = "step-";
  static final String PREDICTIONS = "dev-predictions.txt";
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

  private Path settingsFile() {
    return root.resolve("settings.json");
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
    return readJson(settingsFile(), RunSettings.class);
  }

  private Path dataFile() {
    return root.resolve("data.json");
  }

  /** What the run's rows are like; runs of before this was kept have nothing. */
  public Optional<RunData> data() {
    return Files.isRegularFile(dataFile())
        ? Optional.of(readJson(dataFile(), RunData.class))
        : Optional.empty();
  }

  void writeData(RunData data) {
    writeJson(dataFile(), data);
  }

  /** The folder of a finished stage's model, or where it will be. */
  public Path model(String stage) {
    return root.resolve(stage).resolve("model");
  }

  /** The prefix of a finished stage's variables. */
  public Path variables(String stage) {
    return model(stage).resolve(VARIABLES);
  }

  /** Whether a stage is finished. */
  public boolean isDone(String stage) {
    return Files.isDirectory(model(stage));
  }

  /**
   * What a finished stage said of the dev rows after its last epoch: class indices or values, in
   * the file's order.
   */
  public float[] devPredictions(String stage) {
    Path file = model(stage).resolve(PREDICTIONS);
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      float[] predictions = new float[lines.size()];
      for (int i = 0; i < predictions.length; i++) {
        predictions[i] = Float.parseFloat(lines.get(i));
      }
      return predictions;
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The scores of a finished stage on the dev rows, an epoch each, in their order. */
  List<DevScore> scores(String stage) {
    return List.of(readJson(model(stage).resolve("scores.json"), DevScore[].class));
  }

  /** What a stage wrote at each step and after each epoch, a line of JSON each. */
  public Path metrics(String stage) {
    return root.resolve(stage).resolve("metrics.jsonl");
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
    writeJson(settingsFile(), settings);
  }

  /**
   * Checks that a run can begin here or go on, and writes nothing.
   *
   * @param settings the settings of the run that is wanted
   * @throws IllegalArgumentException if something else is there
   */
  public void check(RunSettings settings) {
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
              + difference(found, settings)
              + "; choose another --out");
    }
  }

  /** Whether there is a run here that was begun. */
  public boolean isThere() {
    return Files.isRegularFile(settingsFile());
  }

  /** Whether the run is done. */
  public boolean isFinished() {
    return Files.exists(result());
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

  /**
   * Checks that the variables of a finished stage are there.
   *
   * @throws IllegalArgumentException if the stage is not finished, or its model was removed
   */
  void requireModel(String stage) {
    if (!isDone(stage)) {
      throw new IllegalArgumentException(
          root
              + ": expected a finished run, found one whose stage "
              + stage
              + " is not finished; go on with it by the same `squat train`");
    }
    if (!Files.exists(model(stage).resolve(VARIABLES + ".index"))) {
      throw new IllegalArgumentException(
          root
              + ": expected the model of the stage "
              + stage
              + ", found its scores alone: `squat glue --prune` removed it; train it again, without"
              + " --prune");
    }
  }

  /**
   * What came out of the run.
   *
   * @throws IllegalArgumentException if it is not done
   */
  public RunResult readResult() {
    return readJson(result(), RunResult.class);
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
              + difference(found, wanted)
              + "; choose another --float-run, or none");
    }
    floatRun.requireModel(StageSettings.FLOAT);
  }

  /** Takes the finished float stage of another run; its files are linked where that is possible. */
  void takeFloatStage(RunFolder floatRun) {
    Path taken = root.resolve(StageSettings.FLOAT);
    writeFolder(
        taken,
        part -> {
          Path model = floatRun.model(StageSettings.FLOAT);
          try (Stream<Path> files = Files.list(model)) {
            Path into = Files.createDirectories(part.resolve(model.getFileName()));
            for (Path file : files.toList()) {
              link(file, into.resolve(file.getFileName()));
            }
            Path metrics = floatRun.metrics(StageSettings.FLOAT);
            if (Files.exists(metrics)) { // none without an epoch
              Files.copy(metrics, part.resolve(metrics.getFileName()));
            }
          } catch (IOException e) {
            throw new UncheckedIOException(taken + ": cannot be written: " + e.getMessage(), e);
          }
        });
  }

  /** A finished model's files are never written again, so that two runs may share them. */
  private static void link(Path file, Path place) throws IOException {
    try {
      Files.createLink(place, file);
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
                  || file.equals(part(settingsFile())));
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The fields in which two records of one kind differ, as a text. */
  public static String difference(Object found, Object wanted) {
    var a = JSON.valueToTree(found);
    var b = JSON.valueToTree(wanted);
    StringBuilder text = new StringBuilder();
    b.fieldNames()
        .forEachRemaining(
            name -> {
              if (!b.get(name).equals(a.get(name))) {
                text.append(text.isEmpty() ? "" : ", ")
                    .append(name)
                    .append(' ')
                    .append(a.get(name))
                    .append(" there and ")
                    .append(b.get(name))
                    .append(" wanted");
              }
            });
    return text.toString();
  }

  /** Writes a folder beside its place and renames it. */
  static void writeFolder(Path folder, Consumer<Path> writer) {
    Path part = part(folder);
    try {
      delete(part);
      Files.createDirectories(part);
      writer.accept(part);
      delete(folder);
      Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes a checkpoint and removes all but the last two. */
  void writeCheckpoint(String stage, StagePosition position, Consumer<Path> variables) {
    Path checkpoints = root.resolve(stage).resolve("checkpoints");
    writeFolder(
        checkpoints.resolve(STEP + position.step()),
        folder -> {
          variables.accept(folder.resolve("variables"));
          writeJson(folder.resolve("position.json"), position);
        });
    List<Path> all = checkpoints(stage);
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT_CHECKPOINTS))) {
      delete(old);
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
    return readJson(checkpoint.resolveSibling("position.json"), StagePosition.class);
  }

  void deleteCheckpoints(String stage) {
    delete(root.resolve(stage).resolve("checkpoints"));
  }

  private List<Path> checkpoints(String stage) {
    Path folder = root.resolve(stage).resolve("checkpoints");
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
   * Reads a file.
   *
   * @throws IllegalArgumentException if it is not there, or not of the type
   */
  public static <T> T readJson(Path file, Class<T> type) {
    try {
      return JSON.readValue(file.toFile(), type);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          file + ": expected " + type.getSimpleName() + " as JSON, found " + e.getMessage(), e);
    }
  }

  /** Writes a file beside its place and renames it. */
  public static void writeJson(Path file, Object value) {
    try {
      writeText(file, JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + ": cannot be written as JSON", e);
    }
  }

  /** Writes a file beside its place and renames it. */
  static void writeText(Path file, String text) {
    Path part = part(file);
    try {
      Files.writeString(part, text, StandardCharsets.UTF_8);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Where a file or folder is written before it is renamed. */
  private static Path part(Path place) {
    return place.resolveSibling(PART + place.getFileName());
  }

  /** Adds a line to a file of lines. */
  static void append(Path file, String line) {
    try {
      Files.createDirectories(file.resolveSibling("."));
      Files.writeString(
          file,
          line + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** The number of the step that a line of metrics is about. */
  static long stepOf(String line) {
    try {
      return JSON.readTree(line).path("step").asLong();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String line(Object value) {
    try {
      return new ObjectMapper().writeValueAsString(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be removed: " + e.getMessage(), e);
    }
  }
}
