package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.squat.eval.JavaProcess;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sweeps of the tiny BERT, whose processes are killed, too. */
class GlueCommandTest {
  private static final long SEED = 20;
  private static final int POLL_MILLIS = 10;
  private static final int FLOAT_STEPS = 8;
  private static final int QUANTIZED_STEPS = 16;
  private static final String ALIKE =
      " --batch 8 --max-length 32 --lr 1e-3 --dropout 0.1 --threads 1 --checkpoint-steps 3";
  private static final String LSQ = "lsq-2-8-8-e2-lr0.001-step0.002";
  private static final String SQUAT = "squat-2-8-8-e2-lr0.001-step0.002-rho0.05-batches2";

  @TempDir Path folder;

  private static Path tinyBert() {
    try {
      return Path.of(
          Objects.requireNonNull(GlueCommandTest.class.getResource("/io/squat/train/tiny-bert"))
              .toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String source() {
    return " --model " + tinyBert().resolve("model") + " --data " + tinyBert();
  }

  private String glue(String more) {
    return "glue --tasks CoLA --methods lsq,squat --bits 2-8-8 --epochs 2 --float-epochs 1"
        + " --float-lr 1e-3 --step-lr 2e-3 --rho 0.05 --alternation batches:2 --seeds 5, --out "
        + folder.resolve("sweep")
        + source()
        + ALIKE
        + more;
  }

  /** A run as a user does it who has no sweep: in this process, with a float stage of its own. */
  private Path alone(String method, String more) {
    Path run = folder.resolve("alone-" + method);
    Invocation trained =
        Invocation.of(
            "train --task CoLA --method "
                + method
                + more
                + " --bits 2-8-8 --epochs 2 --float-epochs 1 --step-lr 2e-3 --seed 5 --out "
                + run
                + source()
                + ALIKE);
    assertEquals("", trained.err());
    assertEquals(0, trained.status());
    return run;
  }

  /**
   * Once the sweep's process is killed, once that and the run's, and once the run's alone, each
   * after a random number of steps.
   */
  @Test
  @Timeout(600)
  void killedSweepEndsWithTheNumbersOfRunsThatWereLeftAlone()
      throws IOException, InterruptedException {
    Random random = new Random(SEED);
    Path sweep = folder.resolve("sweep");
    Process first = start(glue(""));
    awaitSteps(first, sweep, 1 + random.nextInt(FLOAT_STEPS));
    kill(first.toHandle());

    Process second = start(glue(""));
    awaitSteps(second, sweep, FLOAT_STEPS + 1 + random.nextInt(QUANTIZED_STEPS / 2));
    List<ProcessHandle> both = new ArrayList<>(second.descendants().toList());
    both.add(second.toHandle());
    assertEquals(2, both.size());
    for (ProcessHandle process : both) {
      pause(process);
    }
    Invocation beside = Invocation.of(glue(" --dry-run"));
    assertEquals(0, beside.status(), beside.err());
    assertTrue(beside.out().contains("running  runs/CoLA/" + LSQ + "/seed-5, step "), beside.out());
    both.forEach(GlueCommandTest::kill);

    Process third = start(glue(""));
    awaitSteps(
        third, sweep, FLOAT_STEPS + QUANTIZED_STEPS + 1 + random.nextInt(QUANTIZED_STEPS / 2));
    third.descendants().forEach(GlueCommandTest::kill);
    assertTrue(third.waitFor(200, TimeUnit.SECONDS));
    String printed = Files.readString(folder.resolve("out"), UTF_8);
    assertEquals(1, third.exitValue(), printed);
    assertTrue(
        printed.contains("failed: runs/CoLA/" + SQUAT + "/seed-5: killed by signal 9"), printed);

    Process last = start(glue(""));
    assertTrue(last.waitFor(200, TimeUnit.SECONDS));
    assertEquals(0, last.exitValue(), Files.readString(folder.resolve("out"), UTF_8));
    assertSameRun(alone("lsq", ""), sweep.resolve("runs/CoLA/" + LSQ + "/seed-5"));
    assertSameRun(
        alone("squat", " --rho 0.05 --alternation batches:2"),
        sweep.resolve("runs/CoLA/" + SQUAT + "/seed-5"));
    assertFinishedRunsAreNotDoneAgain(sweep);
  }

  private void assertFinishedRunsAreNotDoneAgain(Path sweep)
      throws IOException, InterruptedException {
    Path result = sweep.resolve("runs/CoLA/" + LSQ + "/seed-5/result.json");
    Object before = Files.getAttribute(result, "unix:ino");
    // As if its process had been killed after it had written its result.
    Path status = sweep.resolve("status.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode known = (ObjectNode) json.readTree(status.toFile());
    ((ObjectNode) known.get("runs").get("runs/CoLA/" + LSQ + "/seed-5"))
        .put("failure", "killed by signal 9");
    json.writeValue(status.toFile(), known);
    Invocation again = Invocation.of(glue(""));
    assertEquals(0, again.status(), again.err());
    assertFalse(again.out().contains("killed by signal 9"), again.out());
    assertEquals(before, Files.getAttribute(result, "unix:ino"));
    assertTrue(again.out().contains(LSQ), again.out());

    Invocation other = Invocation.of(glue(" --train-rows 60"));
    assertEquals(2, other.status());
    assertTrue(other.err().contains("trainRows null there and 60 wanted"), other.err());
    Invocation fewer = Invocation.of(glue("").replace("lsq,squat", "squat"));
    assertEquals(2, fewer.status());
    assertTrue(
        fewer.err().contains("found 1 of its 3 runs not asked for any more: runs/CoLA/" + LSQ),
        fewer.err());
    Invocation more = Invocation.of(glue(" --dry-run").replace("--seeds 5,", "--seeds 5,6"));
    assertEquals(0, more.status(), more.err());
    assertTrue(more.out().contains("done     float/CoLA/seed-5, step 8/8"), more.out());
    assertTrue(more.out().contains("waiting  runs/CoLA/" + SQUAT + "/seed-6"), more.out());
    assertTrue(more.out().contains("6 runs, 40 steps to do"), more.out());
  }

  /** As on another machine, where only what {@code report --results} keeps is at hand. */
  @Test
  @Timeout(600)
  void resultsThatWereKeptAreNotDoneAgain() throws IOException {
    String sweep = glue("").replace("lsq,squat", "lsq").replace("--epochs 2", "--epochs 1");
    String float5 = "float/CoLA/seed-5";
    String lsq5 = "runs/CoLA/lsq-2-8-8-e1-lr0.001-step0.002/seed-5";
    Invocation first = Invocation.of(sweep);
    assertEquals(0, first.status(), first.err());
    Path done = Files.move(folder.resolve("sweep"), folder.resolve("done"));
    Path kept = folder.resolve("kept");
    Invocation report =
        Invocation.of("report " + done + " --results " + kept + " --out " + folder.resolve("page"));
    assertEquals(0, report.status(), report.err());

    Path elsewhere = Files.move(kept.resolve(lsq5), folder.resolve("elsewhere"));
    Files.createSymbolicLink(kept.resolve(lsq5), elsewhere);
    String again = sweep + " --results " + kept;
    Invocation plan = Invocation.of(again + " --dry-run");
    assertTrue(plan.out().contains("2 runs, 0 steps to do"), plan.out() + plan.err());
    Invocation taken = Invocation.of(again);
    assertEquals(0, taken.status(), taken.err());
    Path there = folder.resolve("sweep");
    assertSameFiles(kept, there, float5 + "/result.json", lsq5 + "/quantized/metrics.jsonl.gz");
    assertFalse(Files.exists(there.resolve("logs")), "no process was started");
    // Where nothing is to be done no GPU is needed.
    assertEquals(0, Invocation.of(again + " --device gpu").status());

    // The float model is needed now, and is not among what was kept.
    String more = again.replace("--epochs 1", "--epochs 1,2");
    Invocation planned = Invocation.of(more + " --dry-run");
    assertTrue(planned.out().contains("waiting  " + float5), planned.out() + planned.err());
    assertTrue(planned.out().contains("3 runs, 24 steps to do"), planned.out());
    Invocation widened = Invocation.of(more);
    assertEquals(0, widened.status(), widened.err());
    assertSameFiles(done, there, float5 + "/float/model/variables.data-00000-of-00001");
    assertSameFiles(
        alone("lsq", ""),
        there.resolve("runs/CoLA/" + LSQ + "/seed-5"),
        "result.json",
        "quantized/metrics.jsonl");
    Path beside = there.resolve("float/CoLA/.again-seed-5");
    assertFalse(Files.exists(beside));

    // As if it had been killed when the new run was about to take the old one's place.
    String variables = "float/model/variables.data-00000-of-00001";
    Object trained = Files.getAttribute(there.resolve(float5).resolve(variables), "unix:ino");
    Files.move(there.resolve(float5), beside);
    assertEquals(0, Invocation.of(more).status());
    assertEquals(trained, Files.getAttribute(there.resolve(float5).resolve(variables), "unix:ino"));
  }

  private static void assertSameFiles(Path expected, Path found, String... names)
      throws IOException {
    for (String name : names) {
      assertArrayEquals(
          Files.readAllBytes(expected.resolve(name)),
          Files.readAllBytes(found.resolve(name)),
          name);
    }
  }

  /** A float run whose model is gone is trained again, and what it was before is compared. */
  @Test
  @Timeout(600)
  void otherScoresThanBeforeAreSaid() throws IOException {
    String sweep = glue("").replace("lsq,squat", "fp");
    assertEquals(0, Invocation.of(sweep).status());
    Path run = folder.resolve("sweep/float/CoLA/seed-5");
    for (String file : List.of("variables.index", "variables.data-00000-of-00001")) {
      Files.delete(run.resolve("float/model").resolve(file));
    }
    String result = Files.readString(run.resolve("result.json"), UTF_8);
    String changed = result.replaceAll("(\"Matthews\" : )[-.0-9E]+", "$10.5");
    Files.writeString(run.resolve("result.json"), changed);
    Invocation more =
        Invocation.of(glue("").replace("lsq,squat", "fp,lsq").replace("--epochs 2", "--epochs 1"));
    String printed = more.out();
    assertEquals(1, more.status(), more.err());
    Path again = run.resolveSibling(".again-seed-5");
    assertTrue(
        printed.contains(
            "failed: float/CoLA/seed-5: its model is not there, and trained again it came out"
                + " otherwise ("
                + again
                + ")"),
        printed);
    assertTrue(printed.contains("/seed-5: the float run that it starts from failed"), printed);
    assertEquals(changed, Files.readString(run.resolve("result.json"), UTF_8));
    assertEquals(result, Files.readString(again.resolve("result.json"), UTF_8));
  }

  @Test
  void aFileOfOnesOwnIsNoSweep() throws IOException {
    Path sweep = Files.createDirectories(folder.resolve("sweep"));
    Path own = Files.writeString(sweep.resolve("sweep.json"), "{\"tasks\": [\"CoLA\"]} // mine");
    Invocation refused = Invocation.of(glue(""));
    assertEquals(2, refused.status());
    assertTrue(
        refused
            .err()
            .contains("found other files (sweep.json), sweep.json being none that a sweep wrote"),
        refused.err());
    assertEquals("{\"tasks\": [\"CoLA\"]} // mine", Files.readString(own));
  }

  /** Not a process and a failure for each run. */
  @Test
  void aGpuThatIsNotThereIsSaidBeforeAnythingBegins() throws IOException {
    assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "a GPU is here, so none is missing");
    Invocation refused = Invocation.of(glue(" --device gpu"));
    assertEquals(2, refused.status());
    assertTrue(refused.err().startsWith("squat: device: expected a GPU"), refused.err());
    assertFalse(Files.exists(folder.resolve("sweep")));
  }

  @Test
  void resultsOfOtherRunsAreRefused() throws IOException {
    Path kept = Files.createDirectories(folder.resolve("kept"));
    Invocation none = Invocation.of(glue(" --results " + kept));
    assertEquals(2, none.status());
    assertTrue(
        none.err()
            .contains(
                kept
                    + ": expected finished runs of this sweep, such as float/CoLA/seed-5/result.json,"
                    + " found none"),
        none.err());
    String fp = glue("").replace("lsq,squat", "fp");
    assertEquals(0, Invocation.of(fp).status());
    Files.move(folder.resolve("sweep"), folder.resolve("done"));
    Invocation other =
        Invocation.of(
            fp.replace("--batch 8", "--batch 4") + " --results " + folder.resolve("done"));
    assertEquals(2, other.status());
    assertTrue(
        other.err().contains("batch 8 there and 4 wanted; ask for those, or leave out"),
        other.err());
    assertFalse(Files.exists(folder.resolve("sweep")));

    Invocation own = Invocation.of(fp + " --results " + folder.resolve("done"));
    assertEquals(0, own.status(), own.err());
    Path predictions = folder.resolve("done/float/CoLA/seed-5/float/dev-predictions-1.txt");
    String all = Files.readString(predictions, UTF_8);
    Files.writeString(
        predictions, all.startsWith("1") ? "0" + all.substring(1) : "1" + all.substring(1));
    Invocation otherwise = Invocation.of(fp + " --results " + folder.resolve("done"));
    assertEquals(2, otherwise.status());
    assertTrue(otherwise.err().contains("found other scores or predictions"), otherwise.err());
  }

  private Process start(String arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            JavaProcess.command(Squat.class, List.of("-Dorg.bytedeco.javacpp.maxphysicalbytes=0")));
    command.addAll(List.of(Invocation.split(arguments)));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("out").toFile())
        .start();
  }

  private void awaitSteps(Process process, Path sweep, long steps)
      throws IOException, InterruptedException {
    while (steps(sweep) < steps) {
      assertFalse(
          process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS),
          () -> "ended before step " + steps + ": " + folder.resolve("out"));
    }
  }

  /** The steps in the metrics of the stages that the sweep trains. */
  private static long steps(Path sweep) throws IOException {
    long steps = 0;
    for (String metrics :
        List.of(
            "float/CoLA/seed-5/float/metrics.jsonl",
            "runs/CoLA/" + LSQ + "/seed-5/quantized/metrics.jsonl",
            "runs/CoLA/" + SQUAT + "/seed-5/quantized/metrics.jsonl")) {
      if (Files.exists(sweep.resolve(metrics))) {
        steps +=
            Files.readString(sweep.resolve(metrics), UTF_8)
                .lines()
                .filter(line -> line.contains("loss"))
                .count();
      }
    }
    return steps;
  }

  /** Stops a process where it is; it keeps its locks. */
  private static void pause(ProcessHandle process) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).inheritIO().start();
    assertEquals(0, kill.waitFor());
  }

  private static void kill(ProcessHandle process) {
    assertTrue(process.destroyForcibly());
  }

  private static void assertSameRun(Path expected, Path found) throws IOException {
    for (String file :
        List.of(
            "settings.json",
            "result.json",
            "float/metrics.jsonl",
            "float/model/variables.data-00000-of-00001",
            "quantized/metrics.jsonl",
            "quantized/model/dev-predictions.txt",
            "quantized/model/scores.json",
            "quantized/model/variables.data-00000-of-00001")) {
      assertArrayEquals(
          Files.readAllBytes(expected.resolve(file)),
          Files.readAllBytes(found.resolve(file)),
          file);
    }
  }

  @Test
  void twoSweepsDoNotWorkInOneFolder() throws IOException {
    Path sweep = Files.createDirectories(folder.resolve("sweep"));
    try (FileChannel other =
        FileChannel.open(
            sweep.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertTrue(other.lock().isValid());
      Invocation second = Invocation.of(glue(""));
      assertEquals(2, second.status());
      assertEquals(1, second.err().lines().count(), second.err());
      assertTrue(second.err().contains("expected a folder that no other process works in"));
      assertFalse(Files.exists(sweep.resolve("sweep.json")));
    }
  }

  @Test
  void foreignFilesAreRefused() throws IOException {
    Path sweep = Files.createDirectories(folder.resolve("sweep"));
    Files.writeString(sweep.resolve("thesis.txt"), "mine");
    Invocation refused = Invocation.of(glue(""));
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("found other files (thesis.txt)"), refused.err());
    assertFalse(Files.exists(sweep.resolve("lock")));
  }

  @Test
  void eachMethodVariesByWhatItUses() {
    Invocation plan =
        Invocation.of(
            "glue --tasks CoLA --epochs 1,2 --rho 0.01,0.02 --alternation within,batches:1"
                + " --seeds 2 --equal-passes --dry-run --out "
                + folder.resolve("sweep")
                + source()
                + " --batch 8");
    assertEquals(0, plan.status(), plan.err());
    List<String> runs =
        plan.out()
            .lines()
            .filter(line -> line.startsWith("waiting  runs/"))
            .filter(line -> line.contains("seed-2"))
            .map(line -> line.replaceFirst("waiting  (runs/CoLA/)?(.*)/seed-2,.*", "$2"))
            .toList();
    String tail = "-lr5e-5-step0.001";
    assertEquals(
        List.of(
            "lsq-4-8-8-e1" + tail,
            "lsq-4-8-8-e2" + tail,
            "lsq-4-8-8-e4" + tail,
            "lsq-4-8-8-e3" + tail,
            "lsq-4-8-8-e6" + tail,
            "saq-4-8-8-e1" + tail + "-rho0.01",
            "saq-4-8-8-e1" + tail + "-rho0.02",
            "saq-4-8-8-e2" + tail + "-rho0.01",
            "saq-4-8-8-e2" + tail + "-rho0.02",
            "squat-4-8-8-e1" + tail + "-rho0.01-within",
            "squat-4-8-8-e1" + tail + "-rho0.01-batches1",
            "squat-4-8-8-e1" + tail + "-rho0.02-within",
            "squat-4-8-8-e1" + tail + "-rho0.02-batches1",
            "squat-4-8-8-e2" + tail + "-rho0.01-within",
            "squat-4-8-8-e2" + tail + "-rho0.01-batches1",
            "squat-4-8-8-e2" + tail + "-rho0.02-within",
            "squat-4-8-8-e2" + tail + "-rho0.02-batches1"),
        runs);
    assertFalse(Files.exists(folder.resolve("sweep")));
    assertTrue(plan.out().contains("float/CoLA/seed-2, step 0/24"), plan.out());
    assertNotEquals(-1, plan.out().indexOf("36 runs, "), plan.out());
  }

  @Test
  void whatNoRunCanHaveIsRefusedBeforeAnythingIsWritten() {
    Invocation many = Invocation.of(glue(" --train-rows 1000"));
    assertEquals(2, many.status());
    assertTrue(
        many.err().contains("train-rows: expected at most the 61 training rows"), many.err());
    Invocation untrained =
        Invocation.of(
            "glue --tasks CoLA --float-epochs 0 --dry-run --out "
                + folder.resolve("sweep")
                + source());
    assertEquals(2, untrained.status());
    assertTrue(
        untrained.err().contains("method fp: expected epochs in float, found float-epochs 0;"),
        untrained.err());
    assertFalse(Files.exists(folder.resolve("sweep")));
  }

  @Test
  void aRunOfAFileMayHaveSeedsOfItsOwn() throws IOException {
    Path file = folder.resolve("sweep.json");
    Files.writeString(
        file,
        """
        {"tasks": ["CoLA"], "seeds": [7, 8],
         "runs": [{"method": "lsq", "bits": "2-8-8"}, {"method": "lsq", "bits": "4-8-8", "seeds": [8]}]}
        """);
    Invocation plan =
        Invocation.of(
            "glue --dry-run --sweep " + file + " --out " + folder.resolve("sweep") + source());
    assertEquals(0, plan.status(), plan.err());
    assertEquals(
        List.of(
            "float/CoLA/seed-7",
            "runs/CoLA/lsq-2-8-8-e3-lr5e-5-step0.001/seed-7",
            "float/CoLA/seed-8",
            "runs/CoLA/lsq-2-8-8-e3-lr5e-5-step0.001/seed-8",
            "runs/CoLA/lsq-4-8-8-e3-lr5e-5-step0.001/seed-8"),
        plan.out()
            .lines()
            .filter(line -> line.startsWith("waiting"))
            .map(line -> line.replaceFirst("waiting +(.*), step.*", "$1"))
            .toList());
  }

  @Test
  void equalPassesAreWholeEpochs() {
    String plan =
        "glue --tasks CoLA --methods lsq,squat --alternation batches:2 --equal-passes --dry-run --out "
            + folder.resolve("sweep")
            + source();
    Invocation whole = Invocation.of(plan + " --epochs 2");
    assertEquals(0, whole.status(), whole.err());
    assertTrue(whole.out().contains("lsq-4-8-8-e5-"), whole.out());
    assertFalse(whole.out().contains("lsq-4-8-8-e4-"), whole.out());
    Invocation half = Invocation.of(plan + " --epochs 1");
    assertEquals(2, half.status());
    assertTrue(half.err().contains("found 1 of squat with batches:2, which are 2.5"), half.err());
    Invocation alone = Invocation.of(plan.replace("lsq,squat", "lsq"));
    assertEquals(2, alone.status());
    assertTrue(alone.err().contains("expected saq or squat among --methods"), alone.err());
    Invocation without = Invocation.of(plan.replace("lsq,squat", "squat"));
    assertEquals(2, without.status());
    assertTrue(without.err().contains("expected lsq among --methods"), without.err());
  }

  @Test
  void dataThatIsMissingIsNamedBeforeAnythingIsWritten() {
    Invocation missing = Invocation.of(glue("").replace("--tasks CoLA", "--tasks CoLA,RTE"));
    assertEquals(2, missing.status());
    assertTrue(missing.err().contains("no RTE train data; expected train.tsv"), missing.err());
    assertFalse(Files.exists(folder.resolve("sweep")));
  }

  @Test
  void optionsOfTheGridAreNotGivenBesideAFile() throws IOException {
    Path file = folder.resolve("sweep.json");
    Files.writeString(
        file,
        "{\"tasks\": [\"CoLA\"], \"seeds\": [7], \"runs\": [{\"method\": \"lsq\", \"bits\": \"9-8-8\"}]}");
    String line = "glue --dry-run --sweep " + file + " --out " + folder.resolve("sweep") + source();
    Invocation both = Invocation.of(line + " --rho 0.1");
    assertEquals(2, both.status());
    assertTrue(both.err().contains("--rho: expected in the file of --sweep"), both.err());
    Files.writeString(
        file,
        Files.readString(file)
            .replace("{\"tasks", "{\"common\": {\"float-epochs\": true}, \"tasks"));
    Invocation flag = Invocation.of(line);
    assertEquals(2, flag.status());
    assertTrue(flag.err().contains("float-epochs: expected one number, found none"), flag.err());
    Files.writeString(
        file, Files.readString(file).replace("\"common\": {\"float-epochs\": true}, ", ""));
    Invocation bits = Invocation.of(line);
    assertEquals(2, bits.status());
    assertTrue(bits.err().contains("--bits") && bits.err().contains("found 9"), bits.err());
    assertFalse(Files.exists(folder.resolve("sweep")));
  }
}
