package io.squat.eval;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Times SavedModels side by side: each in a process of its own, so that its memory is its own, and
 * in turns, a run each, so that their ratio holds on a machine with other work on it.
 *
 * <p>A run calls the whole signature, as a server does. Before a load is timed every model has run
 * it {@value #WARM_UP_RUNS} times.
 */
public final class ServingBenchmark implements AutoCloseable {
  /** Runs of each load that are not timed. */
  public static final int WARM_UP_RUNS = 5;

  /** Token ids of a model without a vocabulary. */
  private static final int SMALL_VOCABULARY = 1000;

  /** Java's own garbage is not the model's memory. */
  private static final List<String> SMALL_HEAP =
      List.of("-Xms16m", "-XX:MinHeapFreeRatio=5", "-XX:MaxHeapFreeRatio=10");

  private final List<Child> children = new ArrayList<>();

  /**
   * How a model came up.
   *
   * @param model its folder
   * @param folderBytes of its files
   * @param loadMilliseconds until it could be called
   * @param firstRunMilliseconds of the first call, in which TensorFlow compiles the graph; of the
   *     first load that is timed
   * @param residentBytes of its process after all runs, over those of one with an empty session
   * @param peakBytes the most that its process held, over the same
   */
  public record Loaded(
      String model,
      long folderBytes,
      double loadMilliseconds,
      double firstRunMilliseconds,
      long residentBytes,
      long peakBytes) {}

  /**
   * How fast a model was.
   *
   * @param model its folder
   * @param rows B
   * @param length T
   * @param latency in milliseconds a batch
   * @param medianSpeed how many times as fast as the first model, by the medians
   * @param minSpeed the same by the fastest runs
   */
  public record Timing(
      String model, int rows, int length, Latency latency, double medianSpeed, double minSpeed) {}

  /**
   * The result.
   *
   * @param loaded the models in their order
   * @param timings of each load all models, in their order
   */
  public record Result(List<Loaded> loaded, List<Timing> timings) {}

  /**
   * What is measured.
   *
   * @param batches rows a batch
   * @param lengths tokens a row
   * @param runs how many runs of each load are timed
   * @param vocabulary token ids are below it; null takes the entries of the models' smallest {@code
   *     assets/vocab.txt}, or 1000 where a model has none
   * @param seed of the token ids
   */
  public record Loads(
      List<Integer> batches,
      List<Integer> lengths,
      int runs,
      @Nullable Integer vocabulary,
      long seed) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if there are none, or a number is not positive
     */
    public Loads {
      batches = List.copyOf(batches);
      lengths = List.copyOf(lengths);
      if (batches.isEmpty() || lengths.isEmpty()) {
        throw new IllegalArgumentException(
            "latency: expected a number of rows and a length, found none");
      }
      Latency.checkPositive("runs", runs);
      batches.forEach(rows -> Latency.checkPositive("rows", rows));
      lengths.forEach(length -> Latency.checkPositive("length", length));
    }

    /**
     * How many times the progress of {@link ServingBenchmark#run} is told of a model: for each load
     * once of all its runs that are not timed, and of every timed one.
     */
    public int count() {
      return batches.size() * lengths.size() * (runs + 1);
    }

    private List<Latency.Load> of(List<Path> models) {
      int size =
          vocabulary != null
              ? vocabulary
              : models.stream().mapToInt(ServingBenchmark::vocabulary).min().orElseThrow();
      List<Latency.Load> loads = new ArrayList<>();
      for (int length : lengths) {
        for (int rows : batches) {
          loads.add(new Latency.Load(rows, length, size, seed));
        }
      }
      return loads;
    }
  }

  private ServingBenchmark() {}

  /**
   * Measures.
   *
   * @param models folders of SavedModels; the first is what others are compared with
   * @param options how they are loaded and run
   * @param loads what they are given
   * @param progress is told of every timed run, and once before of those of the load that are not
   *     timed; for each model {@link Loads#count} times
   * @throws IllegalArgumentException if a folder is no model that takes token ids, or a row is
   *     longer than it takes
   * @throws IllegalStateException if a model fails
   */
  public static Result run(
      List<Path> models, Classifier.Options options, Loads loads, Runnable progress) {
    try (ServingBenchmark benchmark = new ServingBenchmark()) {
      for (Path model : models) {
        benchmark.children.add(new Child(model, options));
      }
      List<Timing> timings = new ArrayList<>();
      for (Latency.Load load : loads.of(models)) {
        timings.addAll(benchmark.time(load, loads.runs(), progress));
      }
      return new Result(benchmark.children.stream().map(Child::loaded).toList(), timings);
    }
  }

  private static int vocabulary(Path model) {
    Path file = model.resolve("assets").resolve("vocab.txt");
    if (!Files.isRegularFile(file)) {
      return SMALL_VOCABULARY;
    }
    try {
      return Math.max(1, Files.readAllLines(file).size());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private List<Timing> time(Latency.Load load, int runs, Runnable progress) {
    for (Child child : children) {
      child.run(load, WARM_UP_RUNS);
      progress.run();
    }
    List<List<Double>> milliseconds = new ArrayList<>();
    children.forEach(child -> milliseconds.add(new ArrayList<>()));
    for (int run = 0; run < runs; run++) {
      for (int i = 0; i < children.size(); i++) {
        milliseconds.get(i).addAll(children.get(i).run(load, 1));
        progress.run();
      }
    }
    List<Latency> latencies = milliseconds.stream().map(Latency::of).toList();
    Latency first = latencies.get(0);
    List<Timing> timings = new ArrayList<>();
    for (int i = 0; i < children.size(); i++) {
      Latency latency = latencies.get(i);
      timings.add(
          new Timing(
              children.get(i).folder.toString(),
              load.rows(),
              load.length(),
              latency,
              first.medianMilliseconds() / latency.medianMilliseconds(),
              first.minMilliseconds() / latency.minMilliseconds()));
    }
    return timings;
  }

  @Override
  public void close() {
    children.forEach(Child::close);
  }

  /** A process with a model. */
  private static final class Child implements AutoCloseable {
    private final Path folder;
    private final Process process;
    private final BufferedWriter requests;
    private final BufferedReader answers;
    private final double loadMilliseconds;
    private double firstRunMilliseconds;
    private long emptyBytes;
    private ProcessMemory memory = new ProcessMemory(0, 0);

    Child(Path folder, Classifier.Options options) {
      this.folder = folder;
      try {
        this.process =
            new ProcessBuilder(JavaProcess.command(ServingProcess.class, SMALL_HEAP))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
      } catch (IOException e) {
        throw new UncheckedIOException("Java cannot be started again: " + e.getMessage(), e);
      }
      this.requests =
          new BufferedWriter(
              new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
      this.answers =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      try {
        this.loadMilliseconds = ask(new ServingProcess.Start(folder.toString(), options)).get(0);
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    List<Double> run(Latency.Load load, int runs) {
      List<Double> milliseconds = ask(new ServingProcess.Request(load, runs));
      if (firstRunMilliseconds == 0) {
        firstRunMilliseconds = milliseconds.get(0);
      }
      return milliseconds;
    }

    private List<Double> ask(Object question) {
      String line;
      try {
        requests.write(ServingProcess.JSON.writeValueAsString(question));
        requests.newLine();
        requests.flush();
        line = answers.readLine();
        if (line == null) {
          throw new IOException("it ended");
        }
        ServingProcess.Answer answer =
            ServingProcess.JSON.readValue(line, ServingProcess.Answer.class);
        if (answer.error() != null) {
          throw answer.badInput()
              ? new IllegalArgumentException(answer.error())
              : new IllegalStateException(folder + ": the model fails: " + answer.error());
        }
        emptyBytes = answer.emptyBytes();
        memory = answer.memory();
        return answer.milliseconds();
      } catch (IOException e) {
        throw new UncheckedIOException(
            folder + ": the process that runs the model does not answer: " + e.getMessage(), e);
      }
    }

    Loaded loaded() {
      return new Loaded(
          folder.toString(),
          ModelSize.bytes(folder),
          loadMilliseconds,
          firstRunMilliseconds,
          memory.residentBytes() - emptyBytes,
          memory.peakBytes() - emptyBytes);
    }

    /** It ends with its input. */
    @Override
    public void close() {
      process.destroy();
    }
  }
}
