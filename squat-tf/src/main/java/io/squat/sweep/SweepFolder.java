package io.squat.sweep;

import io.squat.files.FolderLock;
import io.squat.files.RecordFiles;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The folder of a sweep.
 *
 * <pre>
 * sweep.json                        what was asked for, and the settings of every run
 * status.json                       how long runs took, and why some failed
 * lock                              held by the process that works here
 * float/TASK/seed-N/                runs of fp, whose model the others start from
 * runs/TASK/NAME/seed-N/            all other runs
 * logs/                             what the processes of the runs printed
 * </pre>
 */
public final class SweepFolder {
  private static final String FILE = "sweep.json";
  private static final Set<String> LEFTOVERS = Set.of(FolderLock.FILE, ".part-" + FILE);

  /**
   * {@code sweep.json}.
   *
   * @param plan what was asked for
   * @param runs the settings of each run by its folder
   */
  record Asked(SweepPlan plan, Map<String, RunSettings> runs) {}

  private final Path root;

  /** The sweep of a folder, which need not be there yet. */
  public SweepFolder(Path root) {
    this.root = root;
  }

  /** The folder. */
  public Path root() {
    return root;
  }

  /** The folder of a run. */
  public RunFolder run(String folder) {
    return new RunFolder(root.resolve(folder));
  }

  /** What the process of a run printed. */
  Path log(SweepRun run) {
    return root.resolve("logs").resolve(run.folder().replace('/', '_') + ".log");
  }

  Path status() {
    return root.resolve("status.json");
  }

  private Path file() {
    return root.resolve(FILE);
  }

  /** Whether a sweep was begun here; someone's own file of that name is none. */
  private boolean isSweep() {
    return RecordFiles.hasField(file(), "plan");
  }

  /**
   * Checks that a sweep can begin here or go on, and writes nothing.
   *
   * @param runs all runs of the sweep that is wanted
   * @throws IllegalArgumentException if there is something else, or a sweep with runs that are not
   *     among these or have other settings
   */
  public void check(List<SweepRun> runs) {
    if (!isSweep()) {
      requireEmpty();
      return;
    }
    Map<String, RunSettings> wanted = settings(runs);
    Map<String, RunSettings> found = RecordFiles.read(file(), Asked.class).runs();
    List<String> missing =
        found.keySet().stream().filter(folder -> !wanted.containsKey(folder)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          root
              + ": expected all runs of the sweep that is there, found "
              + missing.size()
              + " of its "
              + found.size()
              + " runs not asked for any more: "
              + shortened(missing)
              + "; ask for them too, or choose another --out");
    }
    found.forEach(
        (folder, settings) -> {
          RunSettings same = Objects.requireNonNull(wanted.get(folder));
          if (!settings.equals(same)) {
            throw new IllegalArgumentException(
                root
                    + ": expected a sweep of the same settings, found other ones in "
                    + folder
                    + ": "
                    + RecordFiles.difference(settings, same)
                    + "; choose another --out");
          }
        });
    for (SweepRun run : runs) {
      RunFolder folder = run(run.folder());
      if (folder.isFinished()) {
        folder.requireSame(run.settings());
      } else {
        folder.check(run.settings());
      }
    }
  }

  private static String shortened(List<String> names) {
    int shown = 3;
    String first = String.join(", ", names.subList(0, Math.min(shown, names.size())));
    return names.size() > shown ? first + ", ..." : first;
  }

  private void requireEmpty() {
    if (!Files.exists(root)) {
      return;
    }
    if (!Files.isDirectory(root)) {
      throw new IllegalArgumentException(
          root + ": expected a folder, found a file; choose another --out");
    }
    try (Stream<Path> files = Files.list(root)) {
      List<String> others =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> !LEFTOVERS.contains(name))
              .sorted()
              .toList();
      if (!others.isEmpty()) {
        throw new IllegalArgumentException(
            root
                + ": expected an empty folder or a sweep, found other files ("
                + shortened(others)
                + ")"
                + (others.contains(FILE) ? ", " + FILE + " being none that a sweep wrote" : "")
                + "; choose another --out");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(root + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The settings of all runs of a sweep by their folders; empty if the folder is none. */
  public Map<String, RunSettings> asked() {
    return isSweep() ? RecordFiles.read(file(), Asked.class).runs() : Map.of();
  }

  /** Why runs failed, by their folders. */
  public Map<String, String> failures() {
    Map<String, String> failures = new LinkedHashMap<>();
    RecordFiles.find(status(), Sweep.Status.class)
        .ifPresent(
            status ->
                status
                    .runs()
                    .forEach(
                        (run, work) -> {
                          if (work.failure() != null) {
                            failures.put(run, work.failure());
                          }
                        }));
    return failures;
  }

  void write(SweepPlan plan, List<SweepRun> runs) {
    RecordFiles.write(file(), new Asked(plan, settings(runs)));
  }

  private static Map<String, RunSettings> settings(List<SweepRun> runs) {
    Map<String, RunSettings> settings = new LinkedHashMap<>();
    runs.forEach(run -> settings.put(run.folder(), run.settings()));
    return settings;
  }
}
