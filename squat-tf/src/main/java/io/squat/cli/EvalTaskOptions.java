package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.eval.ModelDescription;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.OwnTask;
import io.squat.glue.Split;
import io.squat.glue.TableColumns;
import io.squat.glue.TableFile;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is scored: a split of a task of GLUE, or a file of one's own. */
final class EvalTaskOptions {
  @Option(
      names = "--task",
      description =
          "GLUE: CoLA, SST-2, MRPC, STS-B, QQP, MNLI, QNLI, RTE, WNLI or AX, which an MNLI model"
              + " predicts.")
  @Nullable GlueTask task;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder of GLUE, or of the task in it: dev.tsv, plain or gzip.")
  @Nullable Path data;

  @Option(
      names = "--split",
      description =
          "train, dev, test or, of MNLI, dev_mismatched and test_mismatched (default: dev; of"
              + " AX test).")
  @Nullable Split split;

  @Option(
      names = "--dev-file",
      paramLabel = "FILE",
      description =
          "Instead of GLUE, rows of your own: .tsv, .csv, .jsonl or .ndjson, plain or .gz. Columns and"
              + " labels are those that the model was trained with, unless given; a model that was not"
              + " trained on such a file needs them.")
  @Nullable Path devFile;

  @Mixin final ColumnOptions columns = new ColumnOptions();

  /**
   * Refuses options that do not go together.
   *
   * @return whether it is a file of one's own
   * @throws IllegalArgumentException if options are missing or do not go together
   */
  boolean isOwn() {
    return new OptionChoice("--task", task)
        .with("--data", data)
        .maybe("--split", split)
        .or("--dev-file", devFile)
        .maybe("--text-columns", columns.texts)
        .maybe("--label-column", columns.label)
        .maybe("--labels", columns.labels)
        .maybe("--regression", columns.regression ? true : null)
        .second();
  }

  /**
   * Reads the rows.
   *
   * @param model the folder of the model, which may say what it was trained for
   * @throws IllegalArgumentException if a file is missing, its content does not fit the task, or
   *     the task is not known
   * @throws java.io.UncheckedIOException if a file cannot be read
   */
  Examples rows(Path model) {
    return isOwn()
        ? rows(new TableFile(requireNonNull(devFile)), model)
        : rows(requireNonNull(task), requireNonNull(data));
  }

  private Examples rows(GlueTask task, Path data) {
    return GlueReader.read(data, task, Objects.requireNonNullElseGet(split, task::defaultSplit));
  }

  private Examples rows(TableFile file, Path model) {
    Optional<ModelDescription> described = ModelDescription.read(model);
    Optional<OwnTask> trained = described.flatMap(ModelDescription::ownTask);
    Optional<TableColumns> known = trained.map(OwnTask::columns);
    OwnTask own =
        new OwnTask(
            trained.map(OwnTask::name).orElse(file.stem()),
            new TableColumns(
                either("--text-columns", columns.texts, known.map(TableColumns::texts), model),
                either("--label-column", columns.label, known.map(TableColumns::label), model)),
            either(
                "--labels or --regression",
                columns.labels().orElse(null),
                described.map(ModelDescription::labels),
                model));
    return file.read(own, Split.DEV);
  }

  private static <T> T either(String option, @Nullable T given, Optional<T> known, Path model) {
    if (given != null) {
      return given;
    }
    return known.orElseThrow(
        () ->
            new IllegalArgumentException(
                option
                    + ": expected with --dev-file for a model that was not trained on a table of your"
                    + " own, such as "
                    + model
                    + "; found none"));
  }
}
