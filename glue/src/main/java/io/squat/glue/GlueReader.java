package io.squat.glue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads GLUE's files in their official layouts: tab-separated UTF-8, plain or gzip.
 *
 * <p>There is no quoting: a double quote is an ordinary character. Columns are found by their names
 * in the header line; CoLA's train and dev files have none, and their four columns are known. Lines
 * may end in CR LF; empty lines are no rows. A text may be empty (some of QQP's are).
 *
 * <p>Rows that are skipped and counted in {@link Examples#skippedRows}: QQP rows whose number of
 * columns is not the header's (the official file has some, cut by line breaks inside a question),
 * and MNLI rows whose gold label is {@code -} (the annotators did not agree). Everything else that
 * does not fit is an error that names file and line.
 */
public final class GlueReader {
  private static final int NAMES_IN_ERROR = 12;

  private GlueReader() {}

  /**
   * Reads a split from a folder.
   *
   * @param folder the GLUE folder, which holds the task's folder (its case and punctuation do not
   *     matter), or the task's folder itself
   * @throws IllegalArgumentException if there is no such file, or its content does not fit the task
   * @throws UncheckedIOException if the file cannot be read or unpacked
   */
  public static Examples read(Path folder, GlueTask task, Split split) {
    Path file = find(folder, task, split);
    return read(HashedStream.open(file), file.toString(), task, split);
  }

  /**
   * Reads a split from a stream of uncompressed bytes, and closes it.
   *
   * @param name what errors call the stream
   * @throws IllegalArgumentException if the content does not fit the task
   * @throws UncheckedIOException if the stream cannot be read
   */
  public static Examples read(InputStream in, String name, GlueTask task, Split split) {
    return read(HashedStream.of(in), name, task, split);
  }

  private static Examples read(HashedStream in, String name, GlueTask task, Split split) {
    RowRules rules = task.rules(split);
    try (Table table = new TsvTable(in.stream(), name, rules.layout().headerless())) {
      return RowParser.readAll(table, name, rules, task, split, in);
    }
  }

  /**
   * Reads the splits with labels that a task has besides train and dev, as far as their files are
   * in the folder: MNLI's {@link Split#DEV_MISMATCHED}.
   *
   * @param folder as of {@link #read(Path, GlueTask, Split)}
   * @throws IllegalArgumentException if the content of one does not fit the task
   * @throws UncheckedIOException if a file cannot be read or unpacked
   */
  public static List<Examples> readFurther(Path folder, GlueTask task) {
    return task.furtherSplits().stream()
        .filter(split -> firstFile(searched(folder, task), split.fileName(task)).isPresent())
        .map(split -> read(folder, task, split))
        .toList();
  }

  private static List<Path> searched(Path folder, GlueTask task) {
    List<Path> folders = new ArrayList<>(List.of(folder));
    folders.addAll(taskFolders(folder, task));
    return folders;
  }

  private static Optional<Path> firstFile(List<Path> folders, String fileName) {
    return folders.stream()
        .flatMap(f -> Stream.of(f.resolve(fileName), f.resolve(fileName + ".gz")))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  private static Path find(Path folder, GlueTask task, Split split) {
    String fileName = split.fileName(task);
    List<Path> folders = searched(folder, task);
    return firstFile(folders, fileName)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "%s: no %s %s data; expected %s or %s.gz there or in its folder %s, found %s;"
                            + " `squat glue --download DIR` fetches GLUE",
                        folder,
                        task.displayName(),
                        split,
                        fileName,
                        fileName,
                        task.displayName(),
                        found(folders))));
  }

  private static List<Path> taskFolders(Path folder, GlueTask task) {
    return list(folder).stream()
        .filter(child -> task.isNamed(child.getFileName().toString()) && Files.isDirectory(child))
        .toList();
  }

  private static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": expected a folder that can be listed", e);
    }
  }

  /** What the most specific of the folders holds, for the error. */
  private static String found(List<Path> folders) {
    Path folder = folders.get(folders.size() - 1);
    if (!Files.isDirectory(folder)) {
      return Files.exists(folder) ? "a file" : "no such file or folder";
    }
    List<String> names =
        list(folder).stream().map(child -> child.getFileName().toString()).toList();
    return names.isEmpty() ? "an empty folder" : "in " + folder + ": " + shortened(names);
  }

  private static String shortened(List<String> names) {
    String first = names.stream().limit(NAMES_IN_ERROR).collect(Collectors.joining(", "));
    return names.size() > NAMES_IN_ERROR ? first + ", ..." : first;
  }
}
