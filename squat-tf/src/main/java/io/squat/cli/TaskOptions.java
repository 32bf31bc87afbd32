package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.OwnTask;
import io.squat.glue.Split;
import io.squat.glue.TableFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is trained for: a task of GLUE from its folder, or one's own from two files. */
final class TaskOptions {
  private static final int SHOWN = 12;

  @Option(
      names = "--task",
      description = "GLUE: CoLA, SST-2, MRPC, STS-B, QQP, MNLI, QNLI, RTE or WNLI.")
  @Nullable GlueTask task;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder of GLUE, or of the task in it: train.tsv and dev.tsv, plain or gzip.")
  @Nullable Path data;

  @Option(
      names = "--train-file",
      paramLabel = "FILE",
      description =
          "Instead of GLUE, rows of your own to train on: .tsv as GLUE writes it (tabs, no quoting),"
              + " .csv as in RFC 4180, .jsonl or .ndjson; plain or .gz. TSV and CSV begin with a line"
              + " of column names.")
  @Nullable Path trainFile;

  @Option(
      names = "--dev-file",
      paramLabel = "FILE",
      description = "Rows of your own to score on, with the same columns.")
  @Nullable Path devFile;

  @Option(
      names = "--task-name",
      paramLabel = "NAME",
      description = "What your own task is called (default: the training file's name).")
  @Nullable String name;

  @Mixin final ColumnOptions columns = new ColumnOptions();

  /**
   * What is read.
   *
   * @param train rows to train on
   * @param dev rows to score on
   * @param further other rows with labels, to score the finished model on
   */
  record Rows(Examples train, Examples dev, List<Examples> further) {
    /** How many there are, and of which classes: labels with a blank too much are others. */
    String text() {
      List<String> classes = train.task().labels();
      return train.task().displayName()
          + ": "
          + train.rows().size()
          + " training rows, "
          + dev.rows().size()
          + " dev rows, "
          + (classes.isEmpty()
              ? "scores"
              : classes.size()
                  + " classes: "
                  + classes.stream()
                      .limit(SHOWN)
                      .map(label -> '"' + label + '"')
                      .collect(Collectors.joining(", "))
                  + (classes.size() > SHOWN ? ", ..." : ""));
    }
  }

  /**
   * Reads the rows.
   *
   * @throws IllegalArgumentException if options are missing or do not go together, a file is
   *     missing, or its content does not fit the task
   * @throws java.io.UncheckedIOException if a file cannot be read
   */
  Rows rows() {
    boolean own =
        new OptionChoice("--task", task)
            .with("--data", data)
            .or("--train-file", trainFile)
            .with("--dev-file", devFile)
            .with("--text-columns", columns.texts)
            .with("--label-column", columns.label)
            .maybe("--task-name", name)
            .maybe("--labels", columns.labels)
            .maybe("--regression", columns.regression ? true : null)
            .second();
    return own
        ? rows(new TableFile(requireNonNull(trainFile)), new TableFile(requireNonNull(devFile)))
        : rows(requireNonNull(task), requireNonNull(data));
  }

  private static Rows rows(GlueTask task, Path data) {
    return new Rows(
        GlueReader.read(data, task, Split.TRAIN),
        GlueReader.read(data, task, Split.DEV),
        GlueReader.readFurther(data, task));
  }

  private Rows rows(TableFile train, TableFile dev) {
    String called = Objects.requireNonNullElse(name, train.stem());
    OwnTask task =
        columns
            .labels()
            .map(labels -> new OwnTask(called, columns.columns(), labels))
            .orElseGet(() -> train.classification(called, columns.columns()));
    return new Rows(train.read(task, Split.TRAIN), dev.read(task, Split.DEV), List.of());
  }
}
