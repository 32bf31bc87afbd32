package io.squat.report;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import io.squat.train.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the runs in folders: every folder with a {@code settings.json}. */
final class RunFinder {
  private static final String SETTINGS = "settings.json";

  /** What a sweep says of its runs, by their folders: there may be a failure in it. */
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
      List<Path> found = runFolders(absolute(folder));
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            folder
                + ": expected runs of `squat train`, each a folder with "
                + SETTINGS
                + ", found none in it or below");
      }
      JsonNode status =
          Files.isRegularFile(folder.resolve(STATUS))
              ? RunFolder.readJson(folder.resolve(STATUS), JsonNode.class)
              : null;
      for (Path path : found) {
        String name = name(root, path);
        ReportedRun run = run(name, path, failure(status, name(absolute(folder), path)));
        if (runs.putIfAbsent(name, run) != null) {
          throw new IllegalArgumentException(
              folder + ": expected every run once, found " + path + " in two of the folders");
        }
      }
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

  private static ReportedRun run(String name, Path path, @Nullable String failure) {
    RunFolder folder = new RunFolder(path);
    return new ReportedRun(
        name, folder, folder.settings(), folder.isFinished() ? folder.readResult() : null, failure);
  }

  private static @Nullable String failure(@Nullable JsonNode status, String run) {
    String failure = status == null ? "" : status.path("runs").path(run).path("failure").asText("");
    return failure.isEmpty() || failure.equals("null") ? null : failure;
  }

  /** With slashes on every system. */
  private static String name(Path root, Path path) {
    String name = root.relativize(path).toString().replace('\\', '/');
    return name.isEmpty() ? "." : name;
  }

  private static List<Path> runFolders(Path root) {
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              if (Files.isRegularFile(folder.resolve(SETTINGS))) {
                found.add(folder);
                return FileVisitResult.SKIP_SUBTREE;
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be read: " + e.getMessage(), e);
    }
    return found;
  }
}
