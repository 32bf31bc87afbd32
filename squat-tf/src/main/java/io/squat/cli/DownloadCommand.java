package io.squat.cli;

import io.squat.glue.GlueTask;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code squat download}. */
@Command(
    name = "download",
    description = {
      "Fetch GLUE's official files (375 MB, most of it MNLI) into a folder for --data. Sizes and"
          + " checksums are checked; tasks that are there are left alone.",
      "The same command goes on with what was stopped. The data have their sources' own terms."
    },
    footerHeading = "%nExample:%n",
    footer = "  squat download --out glue --tasks CoLA,MRPC")
final class DownloadCommand extends SquatCommand {
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of GLUE, new or begun.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  Path out;

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "TASK",
      description = "Which tasks (default: all, and AX).")
  @Nullable List<GlueTask> tasks;

  /**
   * The object of {@code --json}.
   *
   * @param folder of GLUE
   * @param tasks {@code fetched} or {@code present} by name
   */
  record Result(String folder, Map<String, String> tasks) {}

  @Override
  Object run(PrintWriter printer) {
    return fetch(out, tasks == null ? List.of(GlueTask.values()) : tasks, printer);
  }

  /**
   * Fetches tasks.
   *
   * @param folder of GLUE
   * @param printer is told of each task
   */
  static Result fetch(Path folder, List<GlueTask> tasks, PrintWriter printer) {
    GlueDownload download =
        new GlueDownload(GlueDownload.OFFICIAL, folder, TerminalProgress.ofStandardError());
    Map<String, String> outcomes = new TreeMap<>();
    for (GlueTask task : tasks) {
      String outcome = download.fetch(task).name().toLowerCase(Locale.ROOT);
      outcomes.put(task.displayName(), outcome);
      printer.println(task.displayName() + ": " + outcome);
    }
    return new Result(folder.toString(), outcomes);
  }
}
