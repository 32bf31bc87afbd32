package io.squat.train;

import io.squat.files.FolderLock;
import io.squat.files.RecordFiles;
import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import io.squat.glue.Examples;
import io.squat.glue.WordPiece;
import io.squat.ops.LsqQuantizer;
import io.squat.ops.StepSizes;
import io.squat.savedmodels.BertStructure;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.OutlierFeatures;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.ConfigProto;

/**
 * Trains a model on a task, from the SavedModel to the finished run: first in float, then, unless
 * the method is {@code fp}, with quantizers that start from the float weights.
 */
public final class Trainer {
  private static final Logger log = LogManager.getLogger();

  /** How often a checkpoint is written, in steps, besides the one after every epoch. */
  public static final int CHECKPOINT_STEPS = 500;

  private static final int CALIBRATION_ROWS = 8;
  private static final int CALIBRATION_BATCHES = 16;

  /**
   * What a run reads.
   *
   * @param model the SavedModel folder
   * @param vocabulary the vocabulary's file
   * @param train rows to train with
   * @param dev rows to score with after every epoch
   * @param further other rows with labels, such as MNLI's mismatched ones; what a stage ends with
   *     is scored on them
   * @param floatRun a run whose finished float stage is taken instead of training one, or null
   */
  public record Inputs(
      Path model,
      Path vocabulary,
      Examples train,
      Examples dev,
      List<Examples> further,
      @Nullable RunFolder floatRun) {

    /** Copies the list. */
    public Inputs {
      further = List.copyOf(further);
    }

    private long rows(RunSettings settings) {
      return settings.trainingRows(train).rows().size()
          + dev.rows().size()
          + further.stream().mapToLong(examples -> examples.rows().size()).sum();
    }
  }

  private final RunSettings settings;
  private final RunFolder folder;
  private final ConfigProto config;
  private final int checkpointSteps;
  private final Progress progress;

  /**
   * Prepares a run.
   *
   * @param settings what decides its numbers
   * @param folder where it is kept
   * @param device where it runs
   * @param threads how many threads an operation may use; 0 takes all cores
   * @param checkpointSteps how many steps lie between two checkpoints; it changes no number
   * @param progress is told how far it is
   * @throws IllegalArgumentException if there is no step between two checkpoints
   */
  public Trainer(
      RunSettings settings,
      RunFolder folder,
      Device device,
      int threads,
      int checkpointSteps,
      Progress progress) {
    if (checkpointSteps < 1) {
      throw new IllegalArgumentException(
          "checkpoint-steps: expected at least 1, found " + checkpointSteps);
    }
    this.settings = settings;
    this.folder = folder;
    this.config = device.config(threads);
    this.checkpointSteps = checkpointSteps;
    this.progress = progress;
  }

  /**
   * Runs to the end, from wherever the folder's run was stopped.
   *
   * @return the result, which is in the folder too
   * @throws IllegalArgumentException if the inputs do not fit together, or the folder holds
   *     something else
   * @throws IllegalStateException if the loss is not a number
   * @throws UnsupportedOperationException as {@link LsqQuantizer#register}
   */
  public RunResult run(Inputs inputs) {
    if (settings.method().quantized()) {
      // Where gradients cannot be registered nothing is to be trained in float first.
      LsqQuantizer.register();
    }
    ModelGraph encoder = SavedModelReader.read(inputs.model(), settings.choice());
    ModelGraph model = Rewriting.withHead(encoder, settings.outputs());
    EncodedRows rows;
    // A process that is to end does so here at the latest, before it takes the folder.
    try (WordPiece wordPiece = WordPiece.open(inputs.vocabulary(), settings.casing());
        Progress.Work work = progress.begin("reading texts", "row", inputs.rows(settings))) {
      int length = checkVocabulary(model, wordPiece);
      rows =
          EncodedRows.of(
              inputs,
              settings,
              examples -> {
                EncodedExamples encoded = encode(wordPiece, examples, length);
                work.step(encoded.size());
                return encoded;
              });
    }
    settings.checkAlternation(rows.train().size());
    FrozenModel.Recovered recovered = RecoveredSteps.of(inputs.model());
    if (inputs.floatRun() != null) {
      new FinishedRun(inputs.floatRun()).requireFloatStage(settings);
    }
    folder.check(settings);
    return FolderLock.holding(
        folder.root(),
        () -> {
          folder.open(settings, inputs.model().resolve("saved_model.pb"), inputs.vocabulary());
          folder.writeData(RunData.of(rows.train(), rows.dev()));
          folder.writeLabels(Stage.labels(rows.dev()));
          if (inputs.floatRun() != null && !folder.stage(StageSettings.FLOAT).isDone()) {
            new FinishedRun(inputs.floatRun()).copyFloatStageTo(folder);
          }
          return run(model, recovered, inputs, rows);
        });
  }

  private RunResult run(
      ModelGraph model,
      FrozenModel.@Nullable Recovered recovered,
      Inputs inputs,
      EncodedRows rows) {
    if (!folder.stage(StageSettings.FLOAT).isDone()) {
      stage(
          model,
          recovered,
          new StageSettings(StageSettings.FLOAT, 0, Method.FP, settings.floatEpochs(), 0),
          SavedModelFiles.checkpoint(inputs.model()),
          ModelVariable::stored,
          rows);
    }
    if (settings.method().quantized() && !folder.stage(StageSettings.QUANTIZED).isDone()) {
      stage(
          model,
          recovered,
          new StageSettings(
              StageSettings.QUANTIZED,
              1,
              settings.method(),
              settings.epochs(),
              settings.floatEpochs()),
          folder.stage(StageSettings.FLOAT).variables(),
          ModelVariable::own,
          rows);
    }
    // A run that was stopped right after a stage's model was written still has them.
    folder.stage(StageSettings.FLOAT).deleteCheckpoints();
    folder.stage(StageSettings.QUANTIZED).deleteCheckpoints();
    RunResult result = RunResult.of(folder, settings);
    RecordFiles.write(folder.result(), result);
    return result;
  }

  /** The length that rows are cut to; refuses a vocabulary that the model has no embeddings for. */
  private int checkVocabulary(ModelGraph model, WordPiece wordPiece) {
    BertStructure structure = BertStructure.of(model);
    int embeddings = structure.vocabularySize(model).orElse(wordPiece.vocabSize());
    if (wordPiece.vocabSize() > embeddings) {
      throw new IllegalArgumentException(
          "vocabulary: expected at most "
              + embeddings
              + " entries, as many as the model has embeddings, found "
              + wordPiece.vocabSize()
              + "; give the model's own by --vocab");
    }
    if (wordPiece.vocabSize() < embeddings) {
      log.warn(
          "the vocabulary has {} entries and the model {} embeddings",
          wordPiece.vocabSize(),
          embeddings);
    }
    int longest = settings.longestRow(model);
    if (settings.maxLength() > longest) {
      log.warn(
          "--max-length {} is more than the model's {} positions: texts are cut to those",
          settings.maxLength(),
          longest);
    }
    return longest;
  }

  private static EncodedExamples encode(WordPiece wordPiece, Examples examples, int length) {
    EncodedExamples encoded = wordPiece.encode(examples, length);
    RowWarnings.log(encoded, examples.split(), length);
    return encoded;
  }

  private void stage(
      ModelGraph model,
      FrozenModel.@Nullable Recovered recovered,
      StageSettings stage,
      Path weights,
      Function<ModelVariable, @Nullable StoredTensor> stored,
      EncodedRows rows) {
    Quantization quantization =
        stage.method().quantized() ? settings.quantization() : Quantization.NONE;
    Map<String, List<Float>> stepSizes = Map.of();
    if (stage.method().quantized()) {
      // A packed model's steps are those of its own values, before any float epoch moves them.
      Optional<Map<String, List<Float>>> own =
          Optional.ofNullable(settings.floatEpochs() == 0 ? recovered : null)
              .flatMap(found -> found.stepSizes(model, quantization));
      if (recovered != null && own.isEmpty()) {
        log.info(
            "step sizes are found anew: those of the packed model, of {}, are for no epoch in float,"
                + " the same bits, levels and granularity, and layers without float features",
            recovered.bits());
      }
      stepSizes =
          own.orElseGet(
              () ->
                  new Calibration(
                          model,
                          weights,
                          stored,
                          StepSizes::ofWeights,
                          OutlierFeatures.NONE,
                          config)
                      .stepSizes(quantization, calibrationBatches(rows.train()), progress));
    }
    try (TrainingSession session =
        new TrainingSession(
            model,
            quantization,
            stage.method(),
            Alternation.parse(settings.alternation()),
            settings.optimizer(stage),
            settings.seed(),
            config)) {
      session.startWeights(weights, stored);
      session.startStepSizes(stepSizes);
      new Stage(folder, settings, stage, session, rows, checkpointSteps).run(progress);
    }
    FreedMemory.giveBack();
  }

  private List<Batch> calibrationBatches(EncodedExamples train) {
    Batches all = Batches.shuffled(train, CALIBRATION_ROWS, settings.seed(), 0);
    List<Batch> some = new ArrayList<>();
    for (int i = 0; i < Math.min(CALIBRATION_BATCHES, all.size()); i++) {
      some.add(all.get(i));
    }
    return some;
  }
}
