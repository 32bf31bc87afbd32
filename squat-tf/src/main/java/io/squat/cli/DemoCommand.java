package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.eval.Evaluation;
import io.squat.eval.ModelSize;
import io.squat.eval.ProcessMemory;
import io.squat.eval.TextFormat;
import io.squat.glue.Casing;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.Metric;
import io.squat.glue.Split;
import io.squat.ops.Granularity;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Alternation;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import io.squat.train.Progress;
import io.squat.train.RunExport;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import io.squat.train.ServingForm;
import io.squat.train.Trainer;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat demo}. */
@Command(
    name = "demo",
    description = {
      "Fine-tune BERT-base on an embedded sample of QNLI, train it with SQuAT at 4-8-8, export it,"
          + " score the exported model, and print one table. Minutes on 2 CPU cores.",
      "The first run fetches BERT-base through Maven (408 MB)."
    },
    footerHeading = "%nExample:%n",
    footer = "  squat demo --out runs/demo --json demo.json")
final class DemoCommand extends SquatCommand {
  private static final Logger log = LogManager.getLogger();
  private static final String MODEL = "bert-base-uncased";
  private static final String BITS = "4-8-8";
  private static final double RHO = 0.01;
  private static final double LEARNING_RATE = 3e-5;
  private static final int FLOAT_EPOCHS = 2;
  private static final int QUANTIZED_EPOCHS = 1;
  private static final int BATCH = 16;
  private static final int SCORING_BATCH = 32;
  private static final int LENGTH = 64;

  @Option(
      names = "--out",
      defaultValue = "runs/demo",
      paramLabel = "DIR",
      description = "Folder of the runs and of the exported models (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  long seed;

  @Mixin final RunOptions run = new RunOptions();

  /**
   * The object of {@code --json}.
   *
   * @param floatAccuracy of the fine-tuned float model on the dev rows, a fraction
   * @param quantizedAccuracy of the exported 4-8-8 model on the same rows
   * @param majorityAccuracy of always answering the most frequent class
   * @param floatBytes of the float SavedModel's folder
   * @param quantizedBytes of the packed SavedModel's folder
   * @param floatMillisecondsPerSentence in batches of 32
   * @param quantizedMillisecondsPerSentence in batches of 32
   * @param agreement share of dev rows with the same answer by the exported model and by the
   *     training graph
   * @param savedModel folder of the packed model
   * @param floatSavedModel folder of the float model
   * @param run folder of the run
   * @param seconds in all, without fetching the model
   * @param peakMemoryBytes of the process
   */
  record Result(
      double floatAccuracy,
      double quantizedAccuracy,
      double majorityAccuracy,
      long floatBytes,
      long quantizedBytes,
      double floatMillisecondsPerSentence,
      double quantizedMillisecondsPerSentence,
      double agreement,
      String savedModel,
      String floatSavedModel,
      String run,
      double seconds,
      long peakMemoryBytes) {}

  @Override
  Object run(PrintWriter printer) {
    Progress progress = TerminalProgress.ofStandardError();
    Path model = ModelCache.ofUser(System.getenv(), progress).folder(MODEL);
    long start = System.nanoTime();
    Examples train = rows(Split.TRAIN);
    Examples dev = rows(Split.DEV);
    RunFolder folder = new RunFolder(out.resolve("run"));
    train(model, train, dev, folder, progress);
    RunExport export = new RunExport(folder);
    Path floating = export(export, RunExport.floatStage(), ServingForm.FLOAT);
    Path packed = export(export, export.lastStage(), ServingForm.PACKED);
    Evaluation floatScore = score(floating, dev, progress);
    Evaluation packedScore = score(packed, dev, progress);
    Result result =
        new Result(
            accuracy(floatScore),
            accuracy(packedScore),
            majority(dev),
            ModelSize.bytes(floating),
            ModelSize.bytes(packed),
            floatScore.millisecondsPerSentence(),
            packedScore.millisecondsPerSentence(),
            agreement(folder.stage(export.lastStage()).devPredictions(), packedScore),
            packed.toString(),
            floating.toString(),
            folder.root().toString(),
            (System.nanoTime() - start) / 1e9,
            ProcessMemory.now().peakBytes());
    print(printer, result, train, dev);
    return result;
  }

  private void train(
      Path model, Examples train, Examples dev, RunFolder folder, Progress progress) {
    Path vocabulary = model.resolve("assets").resolve("vocab.txt");
    RunSettings settings =
        new RunSettings(
            GlueTask.QNLI,
            train.sha256(),
            dev.sha256(),
            SavedModelFiles.hash(model),
            SavedModelReader.Choice.DEFAULT,
            Casing.infer(vocabulary),
            Method.SQUAT,
            BITS,
            null,
            Granularity.TENSOR,
            Alternation.WITHIN.toString(),
            RHO,
            FLOAT_EPOCHS,
            QUANTIZED_EPOCHS,
            BATCH,
            LENGTH,
            OptimizerSettings.DEFAULT.withLearningRate(LEARNING_RATE),
            null,
            null,
            seed);
    if (folder.isFinished()) {
      folder.requireSame(settings);
      log.info("the run in {} is finished: exporting and scoring it again", folder.root());
      return;
    }
    new Trainer(settings, folder, run.device(), run.threads(), Trainer.CHECKPOINT_STEPS, progress)
        .run(new Trainer.Inputs(model, vocabulary, train, dev, List.of(), null));
  }

  private static Examples rows(Split split) {
    String name = "/demo/QNLI/" + split.fileName(GlueTask.QNLI);
    InputStream in = requireNonNull(DemoCommand.class.getResourceAsStream(name), name);
    return GlueReader.read(in, name, GlueTask.QNLI, split);
  }

  /** Exports beside what an earlier demo left. */
  private Path export(RunExport export, String stage, ServingForm form) {
    Path target = VersionFolder.of(out.resolve("qnli-" + form.format().label()));
    export.write(stage, form, Version.current(), target);
    return target;
  }

  private Evaluation score(Path model, Examples dev, Progress progress) {
    Path vocabulary = model.resolve("assets").resolve("vocab.txt");
    return Scoring.score(
        model,
        SavedModelReader.Choice.DEFAULT,
        dev,
        new TextFormat(vocabulary, Casing.infer(vocabulary), LENGTH),
        run,
        SCORING_BATCH,
        progress);
  }

  private static double accuracy(Evaluation evaluation) {
    return requireNonNull(evaluation.metrics().get(Metric.ACCURACY));
  }

  private static double majority(Examples dev) {
    double ones = 0;
    for (float label : dev.labels()) {
      ones += label;
    }
    double share = ones / dev.labels().length;
    return Math.max(share, 1 - share);
  }

  private static double agreement(float[] trained, Evaluation exported) {
    float[] predictions = exported.predictions().labels();
    int equal = 0;
    for (int i = 0; i < trained.length; i++) {
      equal += trained[i] == predictions[i] ? 1 : 0;
    }
    return (double) equal / trained.length;
  }

  private static void print(PrintWriter out, Result result, Examples train, Examples dev) {
    out.printf(
        Locale.ROOT,
        "QNLI sample (%d training rows, %d dev rows; not a GLUE result)%n%n",
        train.rows().size(),
        dev.rows().size());
    String row = "  %-24s %10s %12s %16s%n";
    out.printf(Locale.ROOT, row, "", "accuracy", "size", "a sentence");
    line(
        out,
        "float",
        result.floatAccuracy(),
        result.floatBytes(),
        result.floatMillisecondsPerSentence());
    line(
        out,
        "SQuAT 4-8-8, packed",
        result.quantizedAccuracy(),
        result.quantizedBytes(),
        result.quantizedMillisecondsPerSentence());
    out.printf(
        Locale.ROOT,
        row,
        "majority class",
        String.format(Locale.ROOT, "%.1f %%", 100 * result.majorityAccuracy()),
        "",
        "");
    out.printf(
        Locale.ROOT,
        "%npacked model:  %s%nfloat model:   %s%nrun:           %s%n",
        result.savedModel(),
        result.floatSavedModel(),
        result.run());
    out.printf(
        Locale.ROOT,
        "equal answers of packed model and training graph: %.2f %%%n%.0f s, peak memory %.2f GB%n",
        100 * result.agreement(),
        result.seconds(),
        result.peakMemoryBytes() / 1e9);
  }

  private static void line(
      PrintWriter out, String name, double accuracy, long bytes, double milliseconds) {
    out.printf(
        Locale.ROOT,
        "  %-24s %8.1f %% %9.1f MB %13.1f ms%n",
        name,
        100 * accuracy,
        bytes / 1e6,
        milliseconds);
  }
}
