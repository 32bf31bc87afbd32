package io.squat.sweep;

import io.squat.files.FolderLock;
import io.squat.files.RecordFiles;
import io.squat.train.RunFolder;
import io.squat.train.RunResult;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Does the runs of a sweep, each in a process of its own.
 *
 * <p>A process a run: a run that fails takes no other with it, not even by a crash in TensorFlow's
 * library, and its memory is given back. Whatever is killed, and whenever: runs that are finished
 * are never done again, and the others go on from their last checkpoint.
 */
public final class Sweep {
  private static final Logger log = LogManager.getLogger();
  private static final long TICK_MILLIS = 1000;
  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * How the runs are done.
   *
   * @param command the process of a run, without the arguments of {@code train}
   * @param parallel how many at once
   * @param prune whether the quantized models of finished runs are removed
   * @param earlier finished runs that are not done again; null if there are none
   * @param stop says whether the sweep is to end
   */
  public record Options(
      List<String> command,
      int parallel,
      boolean prune,
      @Nullable EarlierResults earlier,
      BooleanSupplier stop) {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if no run would be done at a time
     */
    public Options {
      command = List.copyOf(command);
      if (parallel < 1) {
        throw new IllegalArgumentException("parallel: expected at least 1, found " + parallel);
      }
    }
  }

  /**
   * An entry of {@code status.json}.
   *
   * @param seconds how long processes worked on the run
   * @param stepSeconds how long of that after each one's first step: what comes before is the same
   *     for few steps and for many
   * @param steps how many steps they did in that time
   * @param failure why it failed, or null
   */
  record Work(double seconds, double stepSeconds, long steps, @Nullable String failure) {
    static final Work NONE = new Work(0, 0, 0, null);

    Work with(@Nullable String why) {
      return new Work(seconds, stepSeconds, steps, why);
    }
  }

  /** {@code status.json}. */
  record Status(Map<String, Work> runs) {
    /** Copies; a file without it has none. */
    Status {
      runs = runs == null ? Map.of() : new LinkedHashMap<>(runs);
    }
  }

  private final SweepFolder folder;
  private final Options options;
  private final SweepView view;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private boolean stopping;

  /** With the runs where they are: in the sweep's folder, or where they will be taken from. */
  private Sweep(
      SweepFolder folder,
      List<SweepRun> runs,
      Function<SweepRun, RunFolder> places,
      Options options,
      SweepView view) {
    this.folder = folder;
    this.options = options;
    this.view = view;
    Map<String, Work> known =
        Files.exists(folder.status())
            ? RecordFiles.read(folder.status(), Status.class).runs()
            : new HashMap<>();
    for (SweepRun run : runs) {
      Work work = known.getOrDefault(run.folder(), Work.NONE);
      entries.put(run.folder(), new Entry(run, places.apply(run), work));
    }
    for (Entry entry : List.copyOf(entries.values())) {
      if (lacksModel(entry)) {
        RunFolder again = folder.run(entry.run.folder()).again();
        entries.put(entry.run.folder(), new Entry(entry.run, again, entry.work));
      }
    }
  }

  /** Whether runs that are not done start from a finished run whose model is not there. */
  private boolean lacksModel(Entry entry) {
    return entry.state == RunStatus.State.DONE
        && !entry.folder.stage(entry.run.settings().lastStage()).hasModel()
        && entries.values().stream()
            .anyMatch(
                other ->
                    entry.run.folder().equals(other.run.floatRun())
                        && other.state != RunStatus.State.DONE);
  }

  /**
   * Does all runs that are not done yet; those that failed before are tried again, and so are float
   * runs without a model, if others start from it.
   *
   * @param folder where they are kept
   * @param plan what was asked for
   * @param runs the runs of the plan
   * @return what became of each
   * @throws IllegalArgumentException if the folder holds something else, or another process works
   *     in it, or the earlier results are not of these runs
   * @throws CancellationException if it was stopped
   */
  public static List<RunStatus> run(
      SweepFolder folder, SweepPlan plan, List<SweepRun> runs, Options options, SweepView view) {
    check(folder, runs, options);
    return FolderLock.holding(
        folder.root(),
        () -> {
          check(folder, runs, options); // again: another process may have worked in it meanwhile
          folder.write(plan, runs);
          awaitOrphans(folder, runs, options.stop());
          runs.forEach(run -> folder.run(run.folder()).takeAgain());
          EarlierResults earlier = options.earlier();
          if (earlier != null) {
            earlier.take(runs, folder);
          }
          Sweep sweep = new Sweep(folder, runs, run -> folder.run(run.folder()), options, view);
          sweep.work();
          return sweep.statuses();
        });
  }

  private static void check(SweepFolder folder, List<SweepRun> runs, Options options) {
    folder.check(runs);
    EarlierResults earlier = options.earlier();
    if (earlier != null) {
      earlier.check(runs, folder);
    }
  }

  /**
   * How far the runs are, without doing any.
   *
   * @throws IllegalArgumentException as {@link #run}
   */
  public static List<RunStatus> status(SweepFolder folder, List<SweepRun> runs, Options options) {
    check(folder, runs, options);
    EarlierResults earlier = options.earlier();
    Function<SweepRun, RunFolder> places =
        run -> earlier == null ? folder.run(run.folder()) : earlier.of(run, folder);
    Sweep sweep = new Sweep(folder, runs, places, options, new NoView());
    for (Entry entry : sweep.entries.values()) {
      if (entry.state == RunStatus.State.WAITING && FolderLock.isHeld(entry.folder.root())) {
        entry.state = RunStatus.State.RUNNING; // by another process
      }
    }
    return sweep.statuses();
  }

  /** The processes of a sweep that was killed write a checkpoint before they end. */
  private static void awaitOrphans(SweepFolder folder, List<SweepRun> runs, BooleanSupplier stop) {
    for (SweepRun run : runs) {
      RunFolder own = folder.run(run.folder());
      for (RunFolder place : List.of(own, own.again())) {
        if (!place.isFinished()) {
          FolderLock.await(
              place.root(),
              () -> log.info("{}: waiting for its process to end", run.folder()),
              stop);
        }
      }
    }
    if (stop.getAsBoolean()) {
      throw stopped(folder);
    }
  }

  private static CancellationException stopped(SweepFolder folder) {
    return new CancellationException(
        folder.root() + ": stopped; the same command goes on from there");
  }

  private void show() {
    view.show(statuses(), TimeLeft.of(statuses(), options.parallel()));
  }

  private void work() {
    for (Entry entry : entries.values()) {
      if (entry.state == RunStatus.State.DONE) {
        finish(entry);
        if (entry.state == RunStatus.State.FAILED) {
          changed(entry);
        }
      }
    }
    try {
      start();
      List<Entry> running = running();
      while (!running.isEmpty()) {
        show();
        Objects.requireNonNull(running.get(0).process).await(TICK_MILLIS);
        if (options.stop().getAsBoolean() && !stopping) {
          stopping = true;
          stopProcesses();
        }
        running.forEach(this::finishIfEnded);
        start();
        running = running();
      }
      show();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopping = true;
    } finally {
      stopProcesses();
    }
    if (stopping) {
      throw stopped(folder);
    }
  }

  private void prune(Entry entry) {
    if (options.prune()) {
      entry.folder.prune();
    }
  }

  private List<Entry> running() {
    return entries.values().stream().filter(entry -> entry.process != null).toList();
  }

  private void stopProcesses() {
    running().forEach(entry -> Objects.requireNonNull(entry.process).stop());
  }

  /** Starts as many runs as may be done at once. */
  private void start() {
    for (Entry entry : entries.values()) {
      Entry floatRun = entry.run.floatRun() == null ? null : entries.get(entry.run.floatRun());
      if (stopping || entry.state != RunStatus.State.WAITING) {
        continue;
      }
      if (floatRun != null && floatRun.state == RunStatus.State.FAILED) {
        entry.state = RunStatus.State.FAILED;
        entry.work = Work.NONE.with("the float run that it starts from failed");
        changed(entry);
      } else if (running().size() < options.parallel()
          && (floatRun == null || floatRun.state == RunStatus.State.DONE)) {
        start(entry);
      }
    }
  }

  private void start(Entry entry) {
    List<String> command = new ArrayList<>(options.command());
    command.add("train");
    command.addAll(entry.run.arguments());
    command.add("--out=" + entry.folder.root());
    if (entry.run.floatRun() != null) {
      command.add("--float-run=" + folder.run(entry.run.floatRun()).root());
    }
    entry.state = RunStatus.State.RUNNING;
    entry.work = entry.work.with(null);
    entry.metrics.mark();
    entry.startNanos = System.nanoTime();
    entry.stepping = false;
    entry.process = RunProcess.start(command, folder.log(entry.run));
    changed(entry);
  }

  private void finishIfEnded(Entry entry) {
    RunProcess process = Objects.requireNonNull(entry.process);
    if (!process.ended()) {
      return;
    }
    entry.work = entry.workSoFar();
    entry.process = null;
    if (entry.folder.isFinished()) { // however the process ended after it had written its result
      finish(entry);
    } else if (stopping || options.stop().getAsBoolean()) {
      entry.state = RunStatus.State.WAITING;
    } else {
      entry.state = RunStatus.State.FAILED;
      entry.work = entry.work.with(process.failure());
    }
    changed(entry);
  }

  /** One that was done again becomes the sweep's if it came out as before. */
  private void finish(Entry entry) {
    RunFolder own = folder.run(entry.run.folder());
    if (!entry.folder.root().equals(own.root()) && !own.takeAgain()) {
      entry.state = RunStatus.State.FAILED;
      entry.work =
          entry.work.with(
              "its model is not there, and trained again it came out otherwise ("
                  + entry.folder.root()
                  + "): the two were not computed alike, and runs from both are no fair comparison;"
                  + " do all of them in another --out, without --results");
      return;
    }
    entry.folder = own;
    entry.state = RunStatus.State.DONE;
    prune(entry);
  }

  private void changed(Entry entry) {
    Map<String, Work> known = new LinkedHashMap<>();
    entries.forEach((name, some) -> known.put(name, some.work));
    RecordFiles.write(folder.status(), new Status(known));
    view.changed(entry.status());
  }

  private List<RunStatus> statuses() {
    return entries.values().stream().map(Entry::status).toList();
  }

  private static final class NoView implements SweepView {
    @Override
    public void changed(RunStatus run) {}

    @Override
    public void show(List<RunStatus> runs, OptionalDouble secondsLeft) {}
  }

  /** A run and what became of it. */
  private static final class Entry {
    private final SweepRun run;
    private final MetricsFollower metrics;
    private RunFolder folder;
    private RunStatus.State state;
    private Work work;
    private @Nullable RunProcess process;
    private @Nullable RunResult result;
    private long startNanos;
    private boolean stepping;
    private long steppingNanos;

    Entry(SweepRun run, RunFolder folder, Work work) {
      this.run = run;
      this.folder = folder;
      this.metrics = new MetricsFollower(folder.stage(run.settings().lastStage()).metrics());
      boolean done = folder.isFinished();
      this.state = done ? RunStatus.State.DONE : RunStatus.State.WAITING;
      // Before seconds were kept of steps alone, steps were counted with the start's time.
      Work known = work.stepSeconds() > 0 ? work : new Work(work.seconds(), 0, 0, work.failure());
      this.work = done ? known.with(null) : known;
    }

    Work workSoFar() {
      metrics.update();
      long now = System.nanoTime();
      if (!stepping && metrics.stepsSinceMark() > 0) {
        stepping = true;
        steppingNanos = now;
        metrics.mark();
      }
      return new Work(
          work.seconds() + (now - startNanos) / NANOS_PER_SECOND,
          work.stepSeconds() + (stepping ? (now - steppingNanos) / NANOS_PER_SECOND : 0),
          work.steps() + metrics.stepsSinceMark(),
          work.failure());
    }

    RunStatus status() {
      Work now = process == null ? work : workSoFar();
      metrics.update();
      if (result == null && state == RunStatus.State.DONE) {
        result = folder.readResult();
      }
      return new RunStatus(
          run,
          state,
          result != null ? run.steps() : metrics.step(),
          metrics.dev(),
          result,
          now.seconds(),
          now.stepSeconds(),
          now.steps(),
          now.failure());
    }
  }
}
