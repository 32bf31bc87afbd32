package io.squat.report;

import io.squat.files.Csv;
import io.squat.files.WholeFiles;
import io.squat.glue.Metric;
import io.squat.plots.Figure;
import io.squat.sharpness.SharpnessResults;
import io.squat.train.PlainNumber;
import io.squat.train.RunData;
import io.squat.train.SettingsText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A page about runs, with its tables and pictures. */
public final class Report {
  private static final String TITLE = "Results";

  private final List<ReportedRun> runs;
  private final FloatStages floatStages;
  private final List<RunGroup> groups;
  private final List<GroupRow> rows;
  private final List<SharpnessResults> sharpness;

  private Report(List<ReportedRun> runs, List<SharpnessResults> sharpness) {
    this.runs = runs;
    this.sharpness = sharpness;
    this.floatStages = FloatStages.of(runs);
    List<ReportedRun> all = new ArrayList<>(runs);
    all.addAll(floatStages.stages());
    this.groups = RunGroup.of(all);
    List<Comparison> comparisons = Comparison.of(groups);
    this.rows = groups.stream().map(group -> GroupRow.of(group, comparisons)).toList();
  }

  /**
   * Reads the runs of folders, and what {@code sharpness} in them measured.
   *
   * @param folders a run's folder each, or one with runs below it, such as that of a sweep
   * @throws IllegalArgumentException if there is no such folder, or no run in one
   */
  public static Report of(List<Path> folders) {
    return new Report(RunFinder.runs(folders), SharpnessSection.results(folders));
  }

  /** What came out, a row a group of runs that differ in the seed alone. */
  public List<GroupRow> rows() {
    return rows;
  }

  /** The runs without a result, each with what is known of it. */
  public Map<String, String> withoutResult() {
    Map<String, String> states = new LinkedHashMap<>();
    for (ReportedRun run : runs) {
      if (!run.isFinished()) {
        states.put(run.name(), run.state());
      }
    }
    return states;
  }

  /**
   * Writes the page: {@code index.html}, {@code report.md} with its pictures, {@code runs.csv} and
   * {@code groups.csv}.
   *
   * @param out the folder; files of these names are written anew
   */
  public void write(Path out) {
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new UncheckedIOException(out + ": cannot be written: " + e.getMessage(), e);
    }
    List<Block> blocks = blocks();
    Map<String, byte[]> pngs = new LinkedHashMap<>();
    for (Block block : blocks) {
      if (block instanceof Block.Picture picture) {
        byte[] png = picture.figure().png();
        pngs.put(picture.file(), png);
        WholeFiles.writeBytes(out.resolve(picture.file()), png);
      }
    }
    WholeFiles.writeText(
        out.resolve("index.html"),
        HtmlPage.text(TITLE, blocks, file -> pngs.getOrDefault(file, new byte[0])));
    WholeFiles.writeText(out.resolve("report.md"), MarkdownPage.text(blocks));
    WholeFiles.writeText(out.resolve("runs.csv"), csv(runsTable()));
    WholeFiles.writeText(out.resolve("groups.csv"), csv(GroupRow.csv(rows)));
  }

  /** The parts of the page. */
  List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    blocks.add(new Block.Heading(1, TITLE));
    blocks.add(
        new Block.Text(
            String.format(
                    Locale.ROOT,
                    "Runs: %d, of them finished: %d. Every number is of the dev rows, in percent: the mean"
                        + " over seeds ± the standard deviation (n - 1). \"Last\" is the model after the"
                        + " last epoch, the one that is exported; \"best\" is that of the epoch that was"
                        + " best on the same dev rows, which is optimistic, the more so the more epochs there"
                        + " are.",
                    runs.size(),
                    runs.stream().filter(ReportedRun::isFinished).count())
                + floatStages.text()));
    byTask()
        .forEach(
            (task, ofTask) -> {
              blocks.add(new Block.Heading(2, task));
              blocks.addAll(ofTask(task, ofTask));
            });
    for (int i = 0; i < sharpness.size(); i++) {
      blocks.addAll(SharpnessSection.blocks(sharpness.get(i), i + 1));
    }
    if (!withoutResult().isEmpty()) {
      blocks.add(new Block.Heading(2, "Runs without a result"));
      blocks.add(
          new Block.Table(
              List.of("run", "state"),
              withoutResult().entrySet().stream()
                  .map(entry -> List.of(entry.getKey(), entry.getValue()))
                  .toList()));
    }
    return blocks;
  }

  private Map<String, List<RunGroup>> byTask() {
    return grouped(groups, RunGroup::task);
  }

  private static Map<String, List<RunGroup>> grouped(
      List<RunGroup> groups, Function<RunGroup, String> key) {
    return groups.stream()
        .collect(Collectors.groupingBy(key, LinkedHashMap::new, Collectors.toList()));
  }

  private List<Block> ofTask(String task, List<RunGroup> ofTask) {
    List<Block> blocks = new ArrayList<>();
    blocks.add(new Block.Text(conditions(ofTask)));
    List<GroupRow> ofRows = rows.stream().filter(row -> row.task().equals(task)).toList();
    blocks.add(scores(ofRows));
    blocks.add(
        new Block.Text(
            mostFrequent(ofTask)
                + oneClass(ofRows)
                + "Passes: how often the quantized stage (of fp, the float stage) passed its rows forwards"
                + " and backwards; an epoch is one of fp and lsq, two of saq and squat, and of squat with"
                + " batches:K a K-th more. MB: all"
                + " parameters at their bits, counted; a file has its graph and vocabulary besides."));
    Block.Table differences = differences(ofRows);
    if (!differences.rows().isEmpty()) {
      blocks.add(new Block.Heading(3, "Differences"));
      blocks.add(
          new Block.Text(
              "Percentage points after the last epoch, over the seeds that both have, with a 95 %"
                  + " interval: the dev rows' part of it by a paired bootstrap ("
                  + PairedBootstrap.REPLICATES
                  + " replicates), the seeds' by what they vary beyond that, with Student's t. With one"
                  + " seed it is over the rows alone; with fewer than five the seeds' part of it is a"
                  + " rough guess, often many times too wide. "
                  + GroupRow.ROWS_ALONE
                  + ": the seeds differ by no more than"
                  + " the rows explain, so the interval is the rows' alone; with few seeds that happens"
                  + " by chance, too. In simulated comparisons the intervals held the true difference in 94"
                  + " to 98 of 100 with three seeds or five, with two in 89 to 98. An interval that holds 0 is no evidence of a"
                  + " difference; of many intervals some do not by chance. Best lsq is the lsq"
                  + " with the highest mean on the same dev rows, where that is another one: chosen by"
                  + " what it is judged by. fp is the float model that the others start from: they have"
                  + " trained longer."));
      blocks.add(differences);
    }
    Map<String, List<RunGroup>> byBits = grouped(ofTask, RunGroup::bits);
    List<RunGroup> shown = new ArrayList<>();
    byBits.values().forEach(groups -> shown.addAll(RunFigures.shown(groups)));
    String file = fileName(task);
    picture(
        file + "-size.png",
        task
            + ": scores by size. Of each method and width the group with the best mean among"
            + " those with the most seeds, and lsq at the same epochs and passes; side by side where sizes"
            + " are equal; bars are the standard deviation over seeds.",
        RunFigures.sizes(shown),
        blocks);
    List<RunGroup> floating = shown.stream().filter(group -> !group.isQuantized()).toList();
    byBits.forEach(
        (bits, groups) -> {
          if (groups.get(0).isQuantized()) {
            blocks.add(new Block.Heading(3, task + " at " + bits));
            blocks.addAll(
                pictures(task + " at " + bits, file + "-" + bits, RunFigures.shown(groups)));
          }
        });
    if (!floating.isEmpty()) {
      blocks.add(new Block.Heading(3, task + " in float"));
      picture(
          file + "-float-learning.png",
          task
              + " in float: dev scores and, if it was kept, training loss; mean and standard deviation over seeds.",
          Optional.of(RunFigures.learning(floating)),
          blocks);
    }
    return blocks;
  }

  /** What comes out by no learning at all; empty for scores, or where no labels were kept. */
  private static String mostFrequent(List<RunGroup> groups) {
    return groups.stream()
        .map(Report::mostFrequent)
        .filter(text -> !text.isEmpty())
        .distinct()
        .collect(Collectors.joining());
  }

  /** Where nothing was learnt the scores alone do not say so. */
  private static String oneClass(List<GroupRow> rows) {
    return rows.stream().noneMatch(GroupRow::isMarkedOneClass)
        ? ""
        : GroupRow.ONE_CLASS
            + ": the models of "
            + rows.stream()
                .filter(GroupRow::isMarkedOneClass)
                .map(
                    row ->
                        row.method()
                            + (row.settings().isEmpty() ? "" : " (" + row.settings() + ")")
                            + " at "
                            + row.bits()
                            + " with "
                            + row.oneClass()
                            + " of "
                            + row.seeds().size()
                            + " seeds")
                .collect(Collectors.joining("; "))
            + " say one class of all dev rows after the last epoch: they have not learnt to tell"
            + " the classes, and between two that say the same one there is no difference to measure. ";
  }

  private static String mostFrequent(RunGroup group) {
    Optional<float[]> labels = group.runs().get(0).folder().devLabels();
    List<String> classes = group.classes();
    if (labels.isEmpty() || classes.isEmpty()) {
      return "";
    }
    int[] counts = new int[classes.size()];
    for (float label : labels.get()) {
      counts[Math.round(label)]++;
    }
    int most = 0;
    for (int i = 1; i < counts.length; i++) {
      most = counts[i] > counts[most] ? i : most;
    }
    float[] constant = new float[labels.get().length];
    Arrays.fill(constant, most);
    return "The most frequent class alone, \""
        + classes.get(most)
        + "\": "
        + group.metrics().stream()
            .map(
                metric ->
                    metric.displayName()
                        + " "
                        + Numbers.percent(metric.value(constant, labels.get())))
            .collect(Collectors.joining(", "))
        + ". ";
  }

  private static List<Block> pictures(String what, String file, List<RunGroup> shown) {
    List<Block> blocks = new ArrayList<>();
    QuantizerFigures quantizers = new QuantizerFigures(shown);
    picture(
        file + "-learning.png",
        what
            + ": dev scores and, if it was kept, training loss of the quantized stage; mean and standard deviation"
            + " over seeds; each loss is the mean over the steps around, a 20th of all.",
        Optional.of(RunFigures.learning(shown)),
        blocks);
    picture(
        file + "-steps.png",
        what
            + ": step sizes in training by those at the start, a line a quantizer, of the first"
            + " seed.",
        quantizers.stepSizes(),
        blocks);
    picture(
        file + "-clipped.png",
        what
            + ": the share of values outside the grid, a line a quantizer, of the first seed; a share"
            + " under 0.0001 is drawn there.",
        quantizers.clipped(),
        blocks);
    picture(
        file + "-weights.png",
        what
            + ": how the weights of some layers lie on their grids after training, of the first"
            + " seed; dotted lines are the grid's integers, or its ends.",
        quantizers.weights(),
        blocks);
    return blocks;
  }

  private static void picture(
      String file, String caption, Optional<Figure> figure, List<Block> blocks) {
    figure.ifPresent(drawn -> blocks.add(new Block.Picture(file, caption, drawn)));
  }

  /** What files of a task are called: tasks whose names differ in other letters get numbers. */
  private String fileName(String task) {
    List<String> tasks = List.copyOf(byTask().keySet());
    String name = plain(task);
    long before =
        tasks.subList(0, tasks.indexOf(task)).stream()
            .filter(other -> plain(other).equals(name))
            .count();
    return before == 0 ? name : name + "-" + (before + 1);
  }

  private static String plain(String task) {
    String plain = task.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return plain.equals("-") ? "task" : plain;
  }

  /** The rows, and what all groups have in common. */
  private static String conditions(List<RunGroup> groups) {
    List<String> differing = groups.get(0).differing();
    Map<String, String> common = new LinkedHashMap<>();
    groups.forEach(group -> common.putAll(group.settings()));
    List<String> rows =
        groups.stream()
            .flatMap(group -> group.runs().stream())
            .map(run -> run.folder().data())
            .flatMap(Optional::stream)
            .map(Report::rowCounts)
            .distinct()
            .toList();
    List<String> ofAll = new ArrayList<>();
    List<String> ofSome = new ArrayList<>();
    common.keySet().stream()
        .filter(name -> !differing.contains(name) && SettingsText.isShown(name))
        .filter(name -> rows.isEmpty() || !name.equals(SettingsText.TRAIN_ROWS)) // said already
        .forEach(
            name ->
                (groups.stream().allMatch(group -> group.settings().containsKey(name))
                        ? ofAll
                        : ofSome)
                    .add(name));
    return String.join("; or ", rows)
        + (rows.isEmpty() ? "All runs: " : ". All runs: ")
        + SettingsText.words(common, ofAll)
        + (ofSome.isEmpty()
            ? "."
            : ". Where the method uses it: " + SettingsText.words(common, ofSome) + ".");
  }

  private static String rowCounts(RunData data) {
    return data.trainRows() + " training rows, " + data.devRows() + " dev rows";
  }

  private static Block.Table scores(List<GroupRow> rows) {
    Collection<String> metrics = rows.get(0).last().keySet();
    List<String> head =
        new ArrayList<>(List.of("bits", "method", "settings", "seeds", "passes", "MB"));
    metrics.forEach(metric -> head.add(metric + ", last"));
    metrics.forEach(metric -> head.add(metric + ", best"));
    List<String> further = GroupRow.further(rows);
    head.addAll(further);
    return new Block.Table(
        head,
        rows.stream()
            .map(
                row -> {
                  List<String> cells =
                      new ArrayList<>(
                          List.of(
                              row.bits(),
                              row.method(),
                              row.settings(),
                              row.seeds().size()
                                  + (row.isMarkedOneClass() ? " " + GroupRow.ONE_CLASS : ""),
                              PlainNumber.of(Math.round(100 * row.passes()) / 100.0),
                              row.megabytes() == null ? "" : Numbers.fixed(row.megabytes(), 2)));
                  row.last().values().forEach(sample -> cells.add(sample.percentText()));
                  row.best().values().forEach(sample -> cells.add(sample.percentText()));
                  for (String name : further) {
                    GroupRow.@Nullable Sample sample = row.further().get(name);
                    cells.add(sample == null ? "" : sample.percentText());
                  }
                  return cells;
                })
            .toList());
  }

  private static Block.Table differences(List<GroupRow> rows) {
    Collection<String> metrics = rows.get(0).last().keySet();
    List<String> head = new ArrayList<>(List.of("bits", "method", "settings", "minus", "seeds"));
    head.addAll(metrics);
    List<List<String>> lines = new ArrayList<>();
    for (GroupRow row : rows) {
      for (Comparison.Baseline baseline : Comparison.Baseline.values()) {
        List<String> cells =
            new ArrayList<>(List.of(row.bits(), row.method(), row.settings(), baseline.label()));
        String seeds = "";
        List<String> differences = new ArrayList<>();
        for (String metric : metrics) {
          GroupRow.@Nullable Difference difference =
              row.difference(baseline.label(), metric, RunGroup.Epoch.LAST.label());
          if (difference != null) {
            seeds = String.valueOf(difference.seeds());
            differences.add(difference.percent());
          }
        }
        if (!differences.isEmpty()) {
          cells.add(seeds);
          cells.addAll(differences);
          lines.add(cells);
        }
      }
    }
    return new Block.Table(head, lines);
  }

  private static String csv(Block.Table table) {
    return Csv.text(table.head(), table.rows());
  }

  /** Every run as a table of numbers, for other programs. */
  private Block.Table runsTable() {
    List<String> metrics =
        runs.stream()
            .flatMap(run -> run.settings().task().metrics().stream())
            .map(Metric::displayName)
            .distinct()
            .toList();
    List<String> head =
        new ArrayList<>(
            List.of(
                "run",
                "state",
                "task",
                "method",
                "bits",
                "seed",
                "settings",
                "training rows",
                "dev rows",
                "epochs",
                "best epoch"));
    for (RunGroup.Epoch epoch : RunGroup.Epoch.values()) {
      metrics.forEach(metric -> head.add(epoch.label() + " " + metric));
    }
    List<String> further = GroupRow.further(rows);
    head.addAll(further);
    TaskNames names = TaskNames.of(runs);
    return new Block.Table(
        head, runs.stream().map(run -> cells(run, names, metrics, further)).toList());
  }

  private static List<String> cells(
      ReportedRun run, TaskNames names, List<String> metrics, List<String> further) {
    Map<String, String> settings = SettingsText.of(run.settings());
    List<String> cells = new ArrayList<>();
    cells.add(run.name());
    cells.add(run.state());
    cells.add(names.of(run));
    cells.add(run.settings().method().label());
    cells.add(RunGroup.bits(run.settings()));
    cells.add(String.valueOf(run.settings().seed()));
    cells.add(SettingsText.words(settings));
    cells.add(run.folder().data().map(data -> String.valueOf(data.trainRows())).orElse(""));
    cells.add(run.folder().data().map(data -> String.valueOf(data.devRows())).orElse(""));
    cells.add(run.isFinished() ? String.valueOf(run.last().epoch()) : "");
    cells.add(run.isFinished() ? String.valueOf(run.best().epoch()) : "");
    for (RunGroup.Epoch epoch : RunGroup.Epoch.values()) {
      for (String metric : metrics) {
        Double value = run.isFinished() ? epoch.of(run).metrics().get(metric) : null;
        cells.add(value == null ? "" : String.valueOf(value));
      }
    }
    Map<String, Double> found = run.isFinished() ? run.further() : Map.of();
    further.forEach(name -> cells.add(found.containsKey(name) ? found.get(name).toString() : ""));
    return cells;
  }
}
