package io.squat.eval;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.glue.Batch;
import io.squat.savedmodels.TensorFlowMessage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.TensorInfo;

/**
 * The process in which {@link ServingBenchmark} times one model: it reads a line of JSON, does what
 * it says, and answers by a line.
 *
 * <pre>
 * Start    -&gt;  Answer   the model is loaded
 * Request  -&gt;  Answer   it has run so many times
 * </pre>
 */
public final class ServingProcess {
  static final ObjectMapper JSON = new ObjectMapper();

  private static final double NANOSECONDS_PER_MILLISECOND = 1e6;

  private ServingProcess() {}

  /**
   * Which model.
   *
   * @param folder of the SavedModel
   * @param options how it is loaded and run
   */
  record Start(String folder, Classifier.Options options) {}

  /**
   * What it is given.
   *
   * @param load one batch
   * @param runs how many times
   */
  record Request(Latency.Load load, int runs) {}

  /**
   * What came of a line.
   *
   * @param milliseconds of loading, or of each run
   * @param emptyBytes resident in this process with a session and no model in it
   * @param memory at present
   * @param error what went wrong, else null
   * @param badInput whether the model cannot be loaded, or does not take such a batch
   */
  record Answer(
      List<Double> milliseconds,
      long emptyBytes,
      ProcessMemory memory,
      @Nullable String error,
      boolean badInput) {}

  /**
   * Answers until the input ends.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) throws IOException {
    // The reader takes UTF-8, whatever this system's own encoding is.
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever else prints does not get in between
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String first = lines.readLine();
    if (first != null) {
      serve(JSON.readValue(first, Start.class), lines, answers);
    }
  }

  private static void serve(Start start, BufferedReader lines, PrintStream answers) {
    long empty = 0;
    try {
      runEmptySession(start.options());
      System.gc();
      empty = ProcessMemory.now().residentBytes();
      long begin = System.nanoTime();
      try (ServedSignature served =
          ServedSignature.open(Path.of(start.folder()), start.options(), signature -> {})) {
        answer(answers, List.of(millisecondsSince(begin)), empty, null, false);
        String line = lines.readLine();
        while (line != null) {
          Request request = JSON.readValue(line, Request.class);
          checkTaken(start.folder(), served, request.load());
          answer(answers, run(served, request), empty, null, false);
          line = lines.readLine();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (IllegalArgumentException | IllegalStateException e) {
      answer(answers, List.of(), empty, e.getMessage(), e instanceof IllegalArgumentException);
    }
  }

  private static void answer(
      PrintStream answers,
      List<Double> milliseconds,
      long emptyBytes,
      @Nullable String error,
      boolean badInput) {
    System.gc();
    try {
      answers.println(
          JSON.writeValueAsString(
              new Answer(milliseconds, emptyBytes, ProcessMemory.now(), error, badInput)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** TensorFlow's library and threads are there afterwards. */
  private static void runEmptySession(Classifier.Options options) {
    try (Graph graph = new Graph();
        Session session = new Session(graph, options.device().config(options.threads()))) {
      Ops tf = Ops.create(graph);
      session.runner().fetch(tf.math.add(tf.constant(1f), tf.constant(2f))).run().close();
    }
  }

  private static void checkTaken(String folder, ServedSignature served, Latency.Load load) {
    for (SignatureInput input : served.inputs()) {
      boolean rows = input.rows() == SignatureInput.ANY || input.rows() == load.rows();
      boolean length = input.length() == SignatureInput.ANY || input.length() == load.length();
      if (!rows || !length) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s: expected a batch of the only shape that the signature takes, [%d, %d] (-1: any),"
                    + " found [%d, %d]",
                folder,
                input.rows(),
                input.length(),
                load.rows(),
                load.length()));
      }
    }
  }

  /** Runs the whole signature, as a server does: all inputs, all outputs. */
  @SuppressWarnings("MustBeClosedChecker") // the list holds the tensors, and all of it is closed
  private static List<Double> run(ServedSignature served, Request request) {
    Batch batch = request.load().batch();
    List<Tensor> fed = new ArrayList<>();
    try {
      Session.Runner runner = served.session().runner();
      for (SignatureInput input : served.inputs()) {
        Tensor tensor = input.tensor(batch, 0, batch.rows(), batch.length());
        fed.add(tensor);
        runner.feed(input.tensor(), tensor);
      }
      for (TensorInfo output : served.signature().getOutputsMap().values()) {
        runner.fetch(output.getName());
      }
      List<Double> milliseconds = new ArrayList<>();
      for (int i = 0; i < request.runs(); i++) {
        long begin = System.nanoTime();
        run(runner);
        milliseconds.add(millisecondsSince(begin));
      }
      return milliseconds;
    } finally {
      fed.forEach(Tensor::close);
    }
  }

  private static void run(Session.Runner runner) {
    try {
      runner.run().close();
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw new IllegalStateException(TensorFlowMessage.of(e), e);
    }
  }

  private static double millisecondsSince(long begin) {
    return (System.nanoTime() - begin) / NANOSECONDS_PER_MILLISECOND;
  }
}
