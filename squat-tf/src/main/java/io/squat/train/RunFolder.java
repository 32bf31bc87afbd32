package io.squat.train;

import com.google.common.hash.Hashing;
import io.squat.files.FolderLock;
import io.squat.files.RecordFiles;
import io.squat.files.WholeFiles;
import io.squat.savedmodels.CheckpointOps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of a run.
 *
 * <pre>
 * settings.json            what decides the numbers
 * encoder/                 saved_model.pb of the model that was trained, without its variables
 * assets/vocab.txt
 * data.json                number and lengths of the rows
 * dev-labels.txt           the labels of the dev rows
 * float/, quantized/       a {@link StageFolder} each
 * result.json              when the run is done
 * lock                     held by the process that trains
 * </pre>
 *
 * <p>Folders and JSON files are there as a whole or not at all: {@link WholeFiles}.
 */
public final class RunFolder {
  private final Path root;

  /** The run of a folder, which need not be there yet. */
  public RunFolder(Path root) {
    this.root = root;
  }

  /** The folder. */
  public Path root() {
    return root;
  }

  /** The folder of a stage, {@code float} or {@code quantized}. */
  public StageFolder stage(String name) {
    return new StageFolder(root.resolve(name));
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
    return RecordFiles.read(result(), RunResult.class);
  }

  private Path settingsFile() {
    return root.resolve("settings.json");
  }

  /** Whether this is the folder of a run: others, too, may have a {@code settings.json}. */
  public boolean isRun() {
    return RecordFiles.hasField(settingsFile(), "method");
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
    return RecordFiles.read(settingsFile(), RunSettings.class);
  }

  private Path dataFile() {
    return root.resolve("data.json");
  }

  /** What the run's rows are like; runs of before this was kept have nothing. */
  public Optional<RunData> data() {
    return Files.isRegularFile(dataFile())
        ? Optional.of(RecordFiles.read(dataFile(), RunData.class))
        : Optional.empty();
  }

  void writeData(RunData data) {
    RecordFiles.write(dataFile(), data);
  }

  /**
   * SHA-256 of the settings and of what the index of a finished stage's variables says of them,
   * their checksums among it.
   */
  public String modelHash(String stage) {
    Path index = stage(stage).variablesIndex();
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

  private Path labelsFile() {
    return root.resolve("dev-labels.txt");
  }

  /**
   * The labels of the dev rows, as the predictions are; runs of before they were kept have none.
   */
  public Optional<float[]> devLabels() {
    return Files.isRegularFile(labelsFile())
        ? Optional.of(NumberLines.read(labelsFile()))
        : Optional.empty();
  }

  void writeLabels(float[] labels) {
    NumberLines.write(labelsFile(), labels);
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
    RecordFiles.write(settingsFile(), settings);
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
              + RecordFiles.difference(found, settings)
              + "; choose another --out");
    }
  }

  /** Whether there is a run here that was begun. */
  public boolean isThere() {
    return Files.isRegularFile(settingsFile());
  }

  /** Removes the quantized model of a finished run; its scores and predictions stay. */
  public void prune() {
    StageFolder quantized = stage(StageSettings.QUANTIZED);
    if (isFinished() && quantized.isDone()) {
      quantized.deleteVariables();
    }
  }

  /**
   * Checks that the variables of a finished stage are there.
   *
   * @throws IllegalArgumentException if the stage is not finished, or its model was removed
   */
  public void requireModel(String stage) {
    if (!stage(stage).isDone() && !isFinished()) {
      throw new IllegalArgumentException(
          root
              + ": expected a finished run, found one whose stage "
              + stage
              + " is not finished; go on with it by the same `squat train`");
    }
    if (!stage(stage).hasModel()) {
      throw new IllegalArgumentException(
          root
              + ": expected the model of the stage "
              + stage
              + ", found its scores alone: results that were kept have no model, and `squat glue"
              + " --prune` removes it; train it again, in another folder");
    }
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
    FinishedRun again = new FinishedRun(again());
    if (!again.run().isFinished() || (isFinished() && !again.hasResultOf(new FinishedRun(this)))) {
      return false;
    }
    again.copyTo(this);
    WholeFiles.delete(again.run().root);
    return true;
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
}
