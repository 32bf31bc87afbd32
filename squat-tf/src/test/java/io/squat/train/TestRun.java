package io.squat.train;

import io.squat.glue.Casing;
import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import io.squat.ops.Granularity;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A run of the tiny BERT on the rows of the test resources: 8 steps an epoch. */
final class TestRun {
  static final int BATCH = 8;
  static final int STEPS_PER_EPOCH = 8;
  static final int QUANTIZED_EPOCHS = 2;
  static final int CHECKPOINT_STEPS = 3;
  private static final int THREADS = 2;

  private TestRun() {}

  static RunSettings settings(Method method, String alternation, long seed) {
    return settings(method, Granularity.TENSOR, alternation, seed);
  }

  static RunSettings settings(
      Method method, Granularity granularity, String alternation, long seed) {
    return new RunSettings(
        GlueTask.COLA,
        TinyBert.examples(Split.TRAIN).sha256(),
        TinyBert.examples(Split.DEV).sha256(),
        SavedModelFiles.hash(TinyBert.folder()),
        SavedModelReader.Choice.DEFAULT,
        Casing.UNCASED,
        method,
        "4-8-8",
        null,
        granularity,
        alternation,
        0.05,
        1,
        method.quantized() ? QUANTIZED_EPOCHS : 0,
        BATCH,
        32,
        new OptimizerSettings(1e-3, 1e-3, 0.01, 0.1, 1, 0.1),
        null,
        null,
        seed);
  }

  /** The same settings for another model, which is not trained at all. */
  static RunSettings untrained(RunSettings settings, String modelHash) {
    return with(settings, modelHash, 0, 0, settings.optimizer());
  }

  /** The same settings with other epochs. */
  static RunSettings epochs(
      RunSettings settings, int inFloat, int epochs, OptimizerSettings optimizer) {
    return with(settings, settings.model(), inFloat, epochs, optimizer);
  }

  private static RunSettings with(
      RunSettings settings,
      String modelHash,
      int inFloat,
      int epochs,
      OptimizerSettings optimizer) {
    return new RunSettings(
        settings.task(),
        settings.trainHash(),
        settings.devHash(),
        modelHash,
        settings.choice(),
        settings.casing(),
        settings.method(),
        settings.bits(),
        settings.levels(),
        settings.granularity(),
        settings.alternation(),
        settings.rho(),
        inFloat,
        epochs,
        settings.batch(),
        settings.maxLength(),
        optimizer,
        null,
        null,
        settings.seed());
  }

  /** Trains to the end, or goes on to it. */
  static RunResult train(RunSettings settings, Path folder, Progress progress) {
    return train(settings, TinyBert.folder(), folder, progress);
  }

  /** The same with another model. */
  static RunResult train(RunSettings settings, Path model, Path folder, Progress progress) {
    return train(settings, model, null, folder, progress);
  }

  /** The same with the float stage of another run. */
  static RunResult train(
      RunSettings settings,
      Path model,
      @Nullable RunFolder floatRun,
      Path folder,
      Progress progress) {
    return new Trainer(
            settings, new RunFolder(folder), Device.CPU, THREADS, CHECKPOINT_STEPS, progress)
        .run(
            new Trainer.Inputs(
                model,
                TinyBert.vocabulary(),
                TinyBert.examples(Split.TRAIN),
                TinyBert.examples(Split.DEV),
                List.of(),
                floatRun));
  }

  /** Tells of every step of a stage, right after it. */
  static Progress steps(String stage, LongConsumer listener) {
    return (name, unit, total) ->
        new Progress.Work() {
          private long done;

          @Override
          public void step(long count) {
            done += count;
            if (name.contains(stage)) {
              listener.accept(done);
            }
          }

          @Override
          public void message(String text) {}

          @Override
          public void close() {}
        };
  }
}
