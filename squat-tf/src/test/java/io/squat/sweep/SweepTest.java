package io.squat.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.files.RecordFiles;
import io.squat.glue.Casing;
import io.squat.glue.GlueTask;
import io.squat.ops.Granularity;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import io.squat.train.RunResult;
import io.squat.train.RunSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The processes of a sweep, with a shell script in the place of {@code train}. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the runs are shell scripts")
@Timeout(60)
class SweepTest {
  /** As a run does, it ends when its standard input is closed. */
  private static final String TRAIN =
      """
      for argument; do
        case $argument in
          --out=*) out=${argument#--out=} ;;
          --settings=*) settings=${argument#--settings=} ;;
        esac
      done
      here=$(dirname "$0")
      if [ -e "$here/endless" ]; then cat > "$here/nothing"; exit 1; fi
      mkdir -p "$out/float/model"
      : > "$out/float/model/variables.index"
      cp "$settings" "$out/settings.json"
      cp "$here/result.json" "$out/part.json"
      mv "$out/part.json" "$out/result.json"
      """;

  @TempDir Path folder;
  private final List<SweepRun> runs = new ArrayList<>();

  /** Which runs were begun, and how many at once. */
  private static final class View implements SweepView {
    private final Set<String> running = new HashSet<>();
    private final Set<String> done = new HashSet<>();
    private int most;
    private boolean shown;
    private List<RunStatus.State> last = List.of();

    @Override
    public void changed(RunStatus run) {
      String name = run.run().folder();
      running.remove(name);
      if (run.state() == RunStatus.State.RUNNING) {
        String floatRun = run.run().floatRun();
        assertTrue(floatRun == null || done.contains(floatRun), name + " began before " + floatRun);
        running.add(name);
        most = Math.max(most, running.size());
      } else if (run.state() == RunStatus.State.DONE) {
        done.add(name);
      }
    }

    @Override
    public void show(List<RunStatus> all, OptionalDouble secondsLeft) {
      shown = true;
      last = all.stream().map(RunStatus::state).toList();
    }
  }

  @BeforeEach
  void write() throws IOException {
    Files.writeString(folder.resolve("train.sh"), TRAIN);
    RecordFiles.write(
        folder.resolve("result.json"),
        new RunResult("CoLA", "fp", null, 1, List.of(), List.of(), Map.of(), Map.of(), Map.of()));
    for (long seed = 1; seed <= 2; seed++) {
      String floatRun = "float/CoLA/seed-" + seed;
      add(floatRun, Method.FP, seed, null);
      for (Method method : List.of(Method.LSQ, Method.SAQ, Method.SQUAT)) {
        add("runs/CoLA/" + method.label() + "/seed-" + seed, method, seed, floatRun);
      }
    }
  }

  private void add(String name, Method method, long seed, @Nullable String floatRun) {
    RunSettings settings =
        new RunSettings(
            GlueTask.COLA,
            "train",
            "dev",
            "model",
            SavedModelReader.Choice.DEFAULT,
            Casing.UNCASED,
            method,
            "2-8-8",
            null,
            Granularity.TENSOR,
            "within",
            0.01,
            1,
            method.quantized() ? 1 : 0,
            8,
            32,
            OptimizerSettings.DEFAULT,
            null,
            null,
            seed);
    Path file = folder.resolve("settings-" + runs.size() + ".json");
    RecordFiles.write(file, settings);
    runs.add(
        new SweepRun(name, method.label(), settings, floatRun, List.of("--settings=" + file), 10));
  }

  private List<RunStatus> sweep(String name, int parallel, View view, BooleanSupplier stop) {
    SweepPlan plan =
        new SweepPlan(
            "model",
            Map.of("CoLA", "data"),
            List.of(1L, 2L),
            Map.of(),
            List.of(new RunGrid(Method.LSQ, Map.of(), null)));
    List<String> command = List.of("sh", folder.resolve("train.sh").toString());
    return Sweep.run(
        new SweepFolder(folder.resolve(name)),
        plan,
        runs,
        new Sweep.Options(command, parallel, false, null, stop),
        view);
  }

  private void assertAllDone(List<RunStatus> found) {
    assertEquals(runs, found.stream().map(RunStatus::run).toList());
    for (RunStatus run : found) {
      assertEquals(RunStatus.State.DONE, run.state(), run.run().folder());
    }
  }

  @Test
  void asManyRunsAtOnceAsWereAskedForAndEachAfterItsFloatRun() {
    for (int parallel = 1; parallel <= 3; parallel++) {
      View view = new View();
      assertAllDone(sweep("sweep-" + parallel, parallel, view, () -> false));
      assertEquals(parallel, view.most);
      assertEquals(Collections.nCopies(runs.size(), RunStatus.State.DONE), view.last);
    }
  }

  @Test
  void aStopEndsTheProcessesAndTheNextStartDoesTheRest() throws IOException {
    Path endless = Files.createFile(folder.resolve("endless"));
    View view = new View();
    assertThrows(CancellationException.class, () -> sweep("sweep", 2, view, () -> view.shown));
    assertEquals(2, view.most);
    assertEquals(Set.of(), view.running);
    assertEquals(Set.of(), view.done);
    assertEquals(
        0,
        ProcessHandle.current()
            .children()
            .filter(child -> child.info().commandLine().orElse("").contains("train.sh"))
            .count());
    Files.delete(endless);
    assertAllDone(sweep("sweep", 2, new View(), () -> false));
  }
}
