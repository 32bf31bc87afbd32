package io.squat.report;

import static java.util.Objects.requireNonNull;

import io.squat.sweep.SweepFolder;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the runs in folders: every folder with a {@code settings.json}, and the runs of a sweep
 * that have none yet.
 */
final class RunFinder {
  private static final String SETTINGS = "settings.json";

  /** What a sweep says of its runs. */
  static final String STATUS = "status.json";

  private RunFinder() {}

  /**
   * The runs of folders.
   *
   * @param folders a run's folder each, or one with runs below it
   * @return sorted by their names
   * @throws IllegalArgumentException if there is no such folder, or no run in one
   */
  static List<ReportedRun> runs(List<Path> folders) {
    folders.forEach(RunFinder::requireFolder);
    Path root = ancestor(folders.stream().map(RunFinder::absolute).toList());
    Map<String, ReportedRun> runs = new LinkedHashMap<>();
    for (Path folder : folders) {
      SweepFolder sweep = new SweepFolder(folder);
      Map<Path, RunSettings> found = runFolders(absolute(folder));
      sweep.asked().forEach((name, run) -> found.putIfAbsent(absolute(folder.resolve(name)), run));
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            folder
                + ": expected runs of `squat train`, each a folder with "
                + SETTINGS
                + ", found none in it or below");
      }
      Map<String, String> failures = sweep.failures();
      found.forEach(
          (path, settings) -> {
            String name = name(root, path);
            String failure = failures.get(name(absolute(folder), path));
            if (runs.putIfAbsent(name, run(name, path, settings, failure)) != null) {
              throw new IllegalArgumentException(
                  folder + ": expected every run once, found " + path + " in two of the folders");
            }
          });
    }
    return runs.values().stream().sorted(Comparator.comparing(ReportedRun::name)).toList();
  }

  private static void requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          folder
              + ": expected a folder with runs, found "
              + (Files.exists(folder) ? "a file" : "no such folder"));
    }
  }

  private static Path absolute(Path folder) {
    return folder.toAbsolutePath().normalize();
  }

  /** The innermost folder that all of them lie in; that of a single one is itself. */
  private static Path ancestor(List<Path> folders) {
    Path first = folders.get(0);
    Path root = requireNonNull(first.getRoot(), "an absolute path has a root");
    for (int names = first.getNameCount(); names > 0; names--) {
      Path ancestor = root.resolve(first.subpath(0, names));
      if (folders.stream().allMatch(folder -> folder.startsWith(ancestor))) {
        return ancestor;
      }
    }
    return root;
  }

  private static ReportedRun run(
      String name, Path path, RunSettings settings, @Nullable String failure) {
    RunFolder folder = new RunFolder(path);
    return new ReportedRun(
        name, folder, settings, folder.isFinished() ? folder.readResult() : null, failure);
  }

  /** With slashes on every system. */
  private static String name(Path root, Path path) {
    String name = root.relativize(path).toString().replace('\\', '/');
    return name.isEmpty() ? "." : name;
  }

  private static Map<Path, RunSettings> runFolders(Path root) {
    Map<Path, RunSettings> found = new LinkedHashMap<>();
    try {
      Files.walkFileTree(
          root,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              if (!folder.equals(root) && folder.getFileName().toString().startsWith(".")) {
                return FileVisitResult.SKIP_SUBTREE; // of editors and version control
              }
              RunFolder run = new RunFolder(folder);
              if (run.isRun()) {
                found.put(folder, run.settings());
                return FileVisitResult.SKIP_SUBTREE;
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof FileSystemLoopException) {
                return FileVisitResult.CONTINUE; // a link to a folder that it lies in
              }
              throw e;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be read: " + e.getMessage(), e);
    }
    return found;
  }
}
