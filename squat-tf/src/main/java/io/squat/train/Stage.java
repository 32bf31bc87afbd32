package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.EncodedExamples;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * Trains one stage to its end: batches through the phases, an evaluation after every epoch,
 * checkpoints on the way, the model at the end.
 *
 * <p>Batch, rates and dropout masks of a step are functions of the settings and the step's number
 * alone, so a stage that goes on from a checkpoint gives the numbers of one that was not stopped.
 */
final class Stage {
  private static final Logger log = LogManager.getLogger();
  private static final int EVALUATION_BATCH = 32;
  // Few rows and seldom, so that looking takes under 1 % of the time.
  private static final int WATCH_STEPS = 50;
  private static final int WATCHED_ROWS = 16;
  // Batches of the step-size phase are drawn in another order than those of the sharpness phase.
  private static final long EXTRA_DRAW = 0x5DEECE66DL;

  private final RunFolder run;
  private final StageFolder folder;
  private final RunSettings settings;
  private final StageSettings stage;
  private final TrainingSession session;
  private final EncodedRows rows;
  private final Batch watched;
  private final int checkpointSteps;
  private final OptimizerSettings optimizer;
  private final Alternation alternation;
  private final int batchesPerEpoch;
  private final long total;
  private final Map<Long, Shuffled> shuffled = new HashMap<>();

  /** The batches of the epoch that was drawn from last. */
  private record Shuffled(int epoch, Batches batches) {}

  Stage(
      RunFolder run,
      RunSettings settings,
      StageSettings stage,
      TrainingSession session,
      EncodedRows rows,
      int checkpointSteps) {
    this.run = run;
    this.folder = run.stage(stage.name());
    this.settings = settings;
    this.stage = stage;
    this.session = session;
    this.rows = rows;
    this.watched = ofMedianLength(rows.dev());
    this.checkpointSteps = checkpointSteps;
    this.optimizer = settings.optimizer(stage);
    this.alternation = Alternation.parse(settings.alternation());
    this.batchesPerEpoch = Batches.count(rows.train().size(), settings.batch());
    this.total = (long) batchesPerEpoch * stage.epochs();
  }

  private static Batch ofMedianLength(EncodedExamples dev) {
    Batches byLength = Batches.sequential(dev, WATCHED_ROWS);
    return byLength.get(byLength.size() / 2);
  }

  /**
   * Runs the stage from its last checkpoint, or from its start.
   *
   * @return the scores of its epochs
   * @throws IllegalStateException if the loss is not a number
   */
  List<DevScore> run(Progress progress) {
    StagePosition start = resume();
    List<DevScore> scores = new ArrayList<>(start.scores());
    float[] predictions = new float[0];
    Map<String, float[]> further;
    long done = start.step();
    try (Progress.Work work = progress.begin("training (" + stage.name() + ")", "step", total)) {
      work.step(done);
      if (epochEnds(done) && scores.size() < done / batchesPerEpoch) { // stopped before its score
        predictions = predictions(rows.dev(), work);
        scores.add(score(done, predictions));
        writeCheckpoint(done, scores); // or the score would be there twice after the next stop
      }
      while (done < total) {
        if (done % WATCH_STEPS == 0 || epochEnds(done)) {
          watch(done);
        }
        float loss = step(done);
        done++;
        work.message(String.format(Locale.ROOT, "loss %.4f", loss));
        work.step(1);
        if (epochEnds(done)) {
          predictions = predictions(rows.dev(), work);
          scores.add(score(done, predictions));
        }
        if (done < total && (epochEnds(done) || done % checkpointSteps == 0)) {
          writeCheckpoint(done, scores);
        }
      }
      if (total == 0) { // the model as it was given, for the next stage
        predictions = predictions(rows.dev(), work);
        scores.add(score(0, predictions));
      }
      if (predictions.length == 0) { // stopped after its last score
        predictions = predictions(rows.dev(), work);
      }
      requireNumbers(total);
      further = further(work);
    } catch (CancellationException e) {
      if (done == start.step()) {
        throw e;
      }
      writeCheckpoint(done, scores);
      throw stopped(done, e);
    }
    watch(total);
    folder.finish(session::saveModel, scores, predictions, scores(further), session.histograms());
    return scores;
  }

  private boolean epochEnds(long done) {
    return done > 0 && done % batchesPerEpoch == 0;
  }

  private void writeCheckpoint(long done, List<DevScore> scores) {
    requireNumbers(done);
    folder.writeCheckpoint(new StagePosition(done, scores), session::saveState);
  }

  private CancellationException stopped(long done, CancellationException cause) {
    CancellationException stopped =
        new CancellationException(
            run.root()
                + ": stopped at step "
                + done
                + " of "
                + total
                + " ("
                + stage.name()
                + "); the same command goes on from there");
    stopped.initCause(cause);
    return stopped;
  }

  private StagePosition resume() {
    Optional<Path> checkpoint = folder.lastCheckpoint();
    StagePosition position = checkpoint.map(StageFolder::position).orElse(StagePosition.START);
    checkpoint.ifPresent(
        prefix -> {
          session.restoreState(prefix);
          log.info("{}: going on from step {} of {}", stage.name(), position.step(), total);
        });
    folder.trimMetrics(position);
    return position;
  }

  private float step(long step) {
    double factor = optimizer.rateFactor(step, total);
    float loss = session.train(batch(step, settings.seed()), batchSettings(factor, step, 0));
    requireNumber(loss, step);
    Float extraLoss = null;
    int k = alternation.sharpnessBatches();
    if (session.hasExtraBatch() && (step + 1) % k == 0) {
      long draw = (step + 1) / k - 1;
      extraLoss =
          session.trainStepSizes(
              batch(draw, settings.seed() ^ EXTRA_DRAW), batchSettings(factor, draw, 1));
      requireNumber(extraLoss, step);
    }
    log(MetricsLine.ofStep(step + 1, loss, factor * optimizer.learningRate(), extraLoss));
    return loss;
  }

  private void log(MetricsLine line) {
    folder.addMetrics(line);
  }

  /**
   * Looks at the quantizers before a step, or after the last one. At an epoch's end it is all there
   * that the events of the epoch show.
   */
  private void watch(long done) {
    Map<String, QuantizerState> quantizers = session.quantizers(watched);
    if (!quantizers.isEmpty()) {
      log(MetricsLine.ofQuantizers(done, quantizers));
    }
    if (epochEnds(done) || done == total) {
      folder.writeEvents();
    }
  }

  private void requireNumber(float loss, long step) {
    if (!Float.isFinite(loss)) {
      throw notANumber("the loss is " + loss, step);
    }
  }

  /** A loss is that before its update: no checkpoint is written of what the update has broken. */
  private void requireNumbers(long done) {
    if (!session.isFinite()) {
      throw notANumber("a weight or step size is not a finite number", done - 1);
    }
  }

  private IllegalStateException notANumber(String found, long step) {
    return new IllegalStateException(
        "training ("
            + stage.name()
            + "): "
            + found
            + " at step "
            + (step + 1)
            + " of "
            + total
            + "; "
            + folder
                .lastCheckpoint()
                .map(prefix -> "the last good checkpoint is kept in " + prefix.getParent())
                .orElse("there is no checkpoint before it")
            + "; try a smaller --lr or --step-lr");
  }

  private Batch batch(long draw, long seed) {
    int epoch = stage.firstEpoch() + Math.toIntExact(draw / batchesPerEpoch);
    Shuffled last = shuffled.get(seed);
    if (last == null || last.epoch() != epoch) {
      last = new Shuffled(epoch, Batches.shuffled(rows.train(), settings.batch(), seed, epoch));
      shuffled.put(seed, last);
    }
    return last.batches().get((int) (draw % batchesPerEpoch));
  }

  private TrainingSession.BatchSettings batchSettings(double factor, long draw, int kind) {
    return new TrainingSession.BatchSettings(
        (float) (factor * optimizer.learningRate()),
        (float) (factor * optimizer.stepLearningRate()),
        (float) settings.rho(),
        (float) optimizer.dropout(),
        DropoutSeed.of(settings.seed(), 2 * stage.index() + kind, draw));
  }

  /** Class indices or values of rows, in the file's order. */
  private float[] predictions(EncodedExamples examples, Progress.Work work) {
    float[] predictions = new float[examples.size()];
    for (Batch batch : Batches.sequential(examples, EVALUATION_BATCH)) {
      float[] logits = session.logits(batch);
      int outputs = settings.outputs();
      for (int row = 0; row < batch.rows(); row++) {
        predictions[batch.rowIndices()[row]] =
            outputs == 1 ? logits[row] : argMax(logits, row * outputs, outputs);
      }
      work.step(0); // it may be stopped here too
    }
    return predictions;
  }

  private static int argMax(float[] values, int start, int count) {
    int best = 0;
    for (int i = 1; i < count; i++) {
      if (values[start + i] > values[start + best]) {
        best = i;
      }
    }
    return best;
  }

  /** The labels of rows, in the file's order. */
  static float[] labels(EncodedExamples examples) {
    float[] labels = new float[examples.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = examples.rows().get(i).label();
    }
    return labels;
  }

  private DevScore score(long step, float[] predictions) {
    requireNumbers(step);
    int epoch = Math.toIntExact(step / batchesPerEpoch);
    folder.writePredictions(epoch, predictions);
    DevScore score = DevScore.of(settings.task(), epoch, predictions, labels(rows.dev()));
    log(MetricsLine.ofEpoch(step, score));
    log.info("{}: epoch {} of {}, dev {}", stage.name(), epoch, stage.epochs(), score.metrics());
    return score;
  }

  /** What the finished model says of further rows, by their splits. */
  private Map<String, float[]> further(Progress.Work work) {
    Map<String, float[]> predictions = new LinkedHashMap<>();
    rows.further()
        .forEach(
            (split, examples) -> {
              work.message("scoring " + split);
              predictions.put(split, predictions(examples, work));
            });
    return predictions;
  }

  private Map<String, Map<String, Double>> scores(Map<String, float[]> further) {
    Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
    further.forEach(
        (split, predictions) ->
            scores.put(
                split,
                DevScore.of(
                        settings.task(),
                        stage.epochs(),
                        predictions,
                        labels(requireNonNull(rows.further().get(split))))
                    .metrics()));
    return scores;
  }
}
