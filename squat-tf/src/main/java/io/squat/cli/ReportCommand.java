package io.squat.cli;

import io.squat.report.GroupRow;
import io.squat.report.Report;
import io.squat.report.ResultFiles;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squat report}. */
@Command(
    name = "report",
    description = {
      "Compare runs: tables, plots and one HTML page.",
      "Runs that differ in the seed alone are a group; groups are compared with lsq and fp of the"
          + " same settings, row by row."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  squat report sweep --out report",
      "  squat report runs/cola-1 runs/cola-2 --out report",
      "  squat report sweep --results docs/results/mrpc --out docs/results/mrpc"
    })
final class ReportCommand extends SquatCommand {

  @Parameters(
      arity = "1..*",
      paramLabel = "FOLDER",
      description = "The folder of a run, or one with runs below it, such as that of a sweep.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  List<Path> folders;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Where index.html, report.md, its plots, runs.csv and groups.csv are written"
              + " (default: report in the first FOLDER).")
  @Nullable Path out;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description =
          "Also copy the small files of the one FOLDER's runs that a report needs; a report of DIR is"
              + " the same to the last byte.")
  @Nullable Path results;

  /**
   * What {@code --json} writes.
   *
   * @param groups what came out, a row a group of runs that differ in the seed alone
   * @param withoutResult runs that have none, and why
   * @param page the HTML page
   */
  record Result(List<GroupRow> groups, Map<String, String> withoutResult, String page) {}

  @Override
  Object run(PrintWriter printer) {
    checkResults();
    Report report = Report.of(folders);
    Path folder = out == null ? folders.get(0).resolve("report") : out;
    report.write(folder);
    if (results != null) {
      int copied = ResultFiles.copy(folders.get(0), results);
      printer.println("results of " + copied + " runs: " + results);
    }
    report.rows().forEach(row -> print(printer, row));
    report.withoutResult().forEach((run, state) -> printer.println(run + ": " + state));
    Path page = folder.resolve("index.html");
    printer.println("page: " + page);
    return new Result(report.rows(), report.withoutResult(), page.toString());
  }

  private void checkResults() {
    if (results == null) {
      return;
    }
    if (folders.size() > 1) {
      throw new IllegalArgumentException(
          "--results: expected one FOLDER to copy from, found "
              + folders.size()
              + "; copy each into its own DIR, and report those");
    }
    if (absolute(results).startsWith(absolute(folders.get(0)))) {
      throw new IllegalArgumentException(
          "--results: expected a folder outside of "
              + folders.get(0)
              + ", whose next report would find the copies, found "
              + results);
    }
  }

  private static Path absolute(Path folder) {
    return folder.toAbsolutePath().normalize();
  }

  private static void print(PrintWriter printer, GroupRow row) {
    printer.printf(
        Locale.ROOT,
        "%s %s %s%s, %d %s: %s%n",
        row.task(),
        row.bits(),
        row.method(),
        row.settings().isEmpty() ? "" : " (" + row.settings() + ")",
        row.seeds().size(),
        row.seeds().size() == 1 ? "seed" : "seeds",
        row.last().entrySet().stream()
            .map(entry -> entry.getKey() + " " + entry.getValue().percentText())
            .collect(Collectors.joining(", ")));
  }
}
