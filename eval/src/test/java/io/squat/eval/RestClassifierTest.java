package io.squat.eval;

import static io.squat.eval.Failures.message;
import static io.squat.eval.Failures.refusal;
import static io.squat.eval.FakeServing.answering;
import static io.squat.eval.TinyText.LABELS;
import static io.squat.eval.TinyText.TEXTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.MustBeClosed;
import com.sun.net.httpserver.HttpExchange;
import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Casing;
import io.squat.savedmodels.InputRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A client of TensorFlow Serving's REST API against a server that keeps to its documentation. */
class RestClassifierTest {
  /** What float rounding adds to probabilities. */
  private static final double TOLERANCE = 1e-6;

  private final TinyClassifier model =
      new TinyClassifier(LABELS.size(), 1)
          .output("logits", Output.LOGITS)
          .output("probabilities", Output.PROBABILITIES);
  private final FakeServing serving = new FakeServing(model);
  private final CountDownLatch end = new CountDownLatch(1);

  @TempDir Path folder;

  @BeforeEach
  void writeAssets() {
    TinyText.vocabulary(folder);
    TinyText.description(folder, LABELS, Casing.UNCASED, 128);
  }

  @AfterEach
  void stop() {
    end.countDown();
    serving.close();
  }

  private static RestClassifier.Options within(Duration timeout) {
    return new RestClassifier.Options(null, Map.of(), timeout);
  }

  @MustBeClosed
  private TextClassifier open(RestClassifier.Options options) {
    return TextClassifier.remote(
        serving.url(),
        new TextClassifier.RemoteOptions(folder, TextFormat.Choice.DEFAULT, options, 4));
  }

  private void assertAnswers(TextClassifier classifier) {
    List<Prediction> found = classifier.predict(TEXTS);
    for (int row = 0; row < TEXTS.size(); row++) {
      TextClassifierTest.assertPrediction(
          TinyText.probabilities(model, TEXTS.get(row), null), LABELS, found.get(row));
    }
  }

  @Test
  void givesTheAnswersOfPlainJavaInTheOrderOfTheTexts() {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertAnswers(classifier);
      assertEquals(List.of("4 x 12", "4 x 6", "2 x 3"), serving.shapes);
      assertEquals(
          List.of(
              "GET /v1/models/cola/metadata",
              "POST /v1/models/cola:predict",
              "POST /v1/models/cola:predict",
              "POST /v1/models/cola:predict"),
          serving.requests);
      classifier.predict("the book");
      assertEquals(List.of(2, 4, 5, 3), serving.firstRow);
      TextClassifierTest.assertPrediction(
          TinyText.probabilities(model, "it rains", "it is wet"),
          LABELS,
          classifier.predict("It rains", "It is wet"));
    }
  }

  @Test
  void agreesWithTheModelInThisProcess() {
    model.write(folder);
    try (TextClassifier here = TextClassifier.open(folder);
        TextClassifier there = TextClassifier.remote(serving.url(), folder)) {
      List<Prediction> expected = here.predict(TEXTS);
      List<Prediction> found = there.predict(TEXTS);
      for (int row = 0; row < TEXTS.size(); row++) {
        assertEquals(expected.get(row).label(), found.get(row).label());
        Float probability = found.get(row).probability();
        assertNotNull(probability);
        assertEquals(
            expected.get(row).probabilities().getOrDefault(found.get(row).label(), -1f),
            probability,
            TOLERANCE);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/versions/3", "/labels/stable", "/"})
  void asksTheVersionOrLabelOfTheUrl(String version) {
    URI url = URI.create(serving.url() + version);
    try (TextClassifier classifier = TextClassifier.remote(url, folder)) {
      assertAnswers(classifier);
      String path = "/v1/models/cola" + version.replaceFirst("/$", "");
      assertEquals(
          List.of("GET " + path + "/metadata", "POST " + path + ":predict"), serving.requests);
    }
  }

  @Test
  void findsInputsAndOutputsByTheMetadata() {
    serving.inputs = List.of("input_word_ids", "attention_mask", "token_type_ids");
    serving.outputs = List.of("logits");
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertAnswers(classifier);
    }
  }

  @Test
  void sendsNoSegmentsToASignatureWithoutThem() {
    TinyClassifier without = new TinyClassifier(LABELS.size(), 1).without(InputRole.SEGMENTS);
    try (FakeServing server = new FakeServing(without)) {
      server.inputs = List.of("input_ids", "input_mask");
      try (TextClassifier classifier = TextClassifier.remote(server.url(), folder)) {
        TextClassifierTest.assertPrediction(
            TinyText.probabilities(without, "a cat", null), LABELS, classifier.predict("a cat"));
      }
    }
  }

  @Test
  void knowsOurSignatureWithoutSegmentsWithoutMetadata() {
    TinyClassifier without = new TinyClassifier(LABELS.size(), 1).without(InputRole.SEGMENTS);
    RestClassifier.Options options =
        new RestClassifier.Options("serving_no_segments", Map.of(), Duration.ofSeconds(60));
    try (FakeServing server = new FakeServing(without)) {
      server.inputs = List.of("input_ids", "input_mask");
      server.signature = "serving_no_segments";
      server.metadata = answering(403, "text/html", "no");
      try (TextClassifier classifier =
          TextClassifier.remote(
              server.url(),
              new TextClassifier.RemoteOptions(folder, TextFormat.Choice.DEFAULT, options, 4))) {
        TextClassifierTest.assertPrediction(
            TinyText.probabilities(without, "a cat", null), LABELS, classifier.predict("a cat"));
      }
    }
  }

  @Test
  void saysWhichInputsWereSentWithoutMetadata() {
    serving.inputs = List.of("input_ids", "input_mask");
    serving.metadata = answering(403, "text/html", "no");
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertEquals(
          serving.url()
              + ": the server answers HTTP 400: Failed to process element: 0 of 'instances' list."
              + " keys must be equal to: input_ids,input_mask; the inputs [input_ids, input_mask,"
              + " segment_ids] were sent, since the server gives no metadata: for a model without"
              + " segments choose --signature serving_no_segments",
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
    }
  }

  @Test
  void saysWhereAModelIsThatMoved() {
    serving.metadata =
        exchange -> {
          exchange.getResponseHeaders().add("Location", "https://models.example/v1/models/cola");
          exchange.sendResponseHeaders(301, -1);
          exchange.close();
        };
    assertEquals(
        serving.url()
            + ": the server answers HTTP 301: it is at https://models.example/v1/models/cola: nothing",
        refusal(IllegalStateException.class, () -> open(RestClassifier.Options.DEFAULT)));
  }

  @Test
  void padsToTheSizesThatTheSignatureFixes() {
    serving.rows = 3;
    serving.length = 14;
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertEquals(14, classifier.maxLength());
      assertAnswers(classifier);
      assertEquals(List.of("3 x 14"), serving.shapes.stream().distinct().toList());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"size\": \"0\"}", "{}", "{\"size\": \"-2\"}"})
  void refusesSizesThatAreNone(String size) {
    String input =
        "{\"dtype\": \"DT_INT32\", \"name\": \"x:0\", \"tensor_shape\": {\"dim\": ["
            + size
            + ", {\"size\": \"-1\"}]}}";
    serving.metadata =
        answering(
            200,
            "{\"metadata\": {\"signature_def\": {\"signature_def\": {\"serving_default\":"
                + " {\"inputs\": {\"input_ids\": "
                + input
                + ", \"input_mask\": "
                + input
                + "}}}}}}");
    String message =
        refusal(IllegalArgumentException.class, () -> open(RestClassifier.Options.DEFAULT));
    assertTrue(
        message.startsWith(
            serving.url() + ": input input_ids: expected [B, T] with sizes of at least 1"),
        message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"score", "score label"})
  void givesScores(String outputs) {
    TinyText.description(folder, List.of(), Casing.UNCASED, 128);
    TinyClassifier regression = new TinyClassifier(1, 2);
    try (FakeServing server = new FakeServing(regression)) {
      server.outputs = List.of(outputs.split(" ", -1));
      try (TextClassifier classifier = TextClassifier.remote(server.url(), folder)) {
        List<Prediction> found = classifier.predict(TEXTS);
        for (int row = 0; row < TEXTS.size(); row++) {
          Float score = found.get(row).score();
          assertNotNull(score);
          assertEquals(
              regression
                  .expectedLogits(TinyText.row(TEXTS.get(row), null, Casing.UNCASED, 99))[0][0],
              score,
              TOLERANCE * Math.max(1, Math.abs(score)));
        }
      }
    }
  }

  /** A proxy that passes predictions alone, or a server that knows nothing of metadata. */
  @ParameterizedTest
  @ValueSource(ints = {403, 404, 405, 501})
  void takesAServerWithoutMetadataForOneOfOurExports(int status) {
    serving.metadata = answering(status, "text/html", "<h1>No context found</h1>");
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertAnswers(classifier);
    }
    serving.outputs = List.of("logits");
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertEquals(
          "probabilities: expected an output named logits or probabilities, found class values",
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
    }
    serving.outputs = List.of("a", "label");
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      assertEquals(
          serving.url()
              + ": expected an output named logits, probabilities or score, found outputs [a,"
              + " label]",
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
    }
  }

  @Test
  void threadsGetWhatOneGets() throws Exception {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      List<Prediction> alone = classifier.predict(TEXTS);
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<?>> done = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          done.add(threads.submit(() -> assertEquals(alone, classifier.predict(TEXTS))));
        }
        for (Future<?> task : done) {
          task.get(1, TimeUnit.MINUTES);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          400 | {"error": "Missing named input: segment_ids"} | the server answers HTTP 400: Missing named input: segment_ids
          400 | {"error": "two\\n  lines"}                    | the server answers HTTP 400: two lines
          400 | {"error": "C\\'s \\001escapes"}               | the server answers HTTP 400: C's 001escapes
          400 | {"error": "Missing 0-th output from {{node x}}"} | the server answers HTTP 400: Missing 0-th output from {{node x}}; integer products need oneDNN, which this machine or its settings lack: choose --signature serving_float
          502 | <html>Bad gateway</html>                      | the server answers HTTP 502: "<html>Bad gateway</html>"
          503 | ''                                            | the server answers HTTP 503: nothing
          301 | moved                                         | the server answers HTTP 301: "moved"
          200 | <html>Welcome</html>                          | expected an answer in JSON, found "<html>Welcome</html>"
          200 | ''                                            | expected an answer {"predictions": [...]}, found nothing
          200 | {"outputs": []}                               | expected an answer {"predictions": [...]}, found "{"outputs":[]}"
          200 | {"predictions": [[1, 2, 3]]} {}               | expected an answer in JSON, found "{"predictions": [[1, 2, 3]]} {}"
          200 | {"predictions": 4}                            | expected an answer {"predictions": [...]}, found "{"predictions":4}"
          200 | {"predictions": []}                           | expected predictions for 1 rows, found 0
          200 | {"predictions": [[1, 2, 3], [1, 2, 3]]}       | expected predictions for 1 rows, found 2
          200 | {"predictions": [{"label": 1}]}               | expected an output logits, found outputs [label]
          200 | {"predictions": [{"logits": []}]}             | output logits: expected 1 numbers for row 0, found 0
          200 | {"predictions": [{"logits": [1, "x", 3]}]}    | output logits: expected numbers for row 0, found ""x""
          200 | {"predictions": [{"logits": null}]}           | output logits: expected numbers for row 0, found "null"
          200 | {"predictions": [{"logits": [1, NaN, 3]}]}    | output logits: expected finite numbers, found NaN for row 0
          200 | {"predictions": [{"logits": [1, 2, -Infinity]}]} | output logits: expected finite numbers, found -Infinity for row 0
          200 | {"predictions": [{"logits": [1, 2, 1e39]}]}   | output logits: expected finite numbers, found Infinity for row 0
          """)
  void tellsInOneLineWhatIsWrongWithAnAnswer(int status, String body, String expected) {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      serving.prediction = answering(status, body);
      assertEquals(
          serving.url() + ": " + expected,
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
    }
  }

  @Test
  void rowsOfDifferentSizesAreNamed() {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      serving.prediction =
          answering(200, "{\"predictions\": [{\"logits\": [1, 2, 3]}, {\"logits\": [1, 2]}]}");
      assertEquals(
          serving.url() + ": output logits: expected 3 numbers for row 1, found 2",
          message(IllegalStateException.class, () -> classifier.predict(List.of("a", "cat"))));
      serving.prediction =
          answering(200, "{\"predictions\": [{\"logits\": [1, 2, 3]}, {\"label\": 2}]}");
      assertEquals(
          serving.url() + ": output logits: expected 3 numbers for row 1, found 1",
          message(IllegalStateException.class, () -> classifier.predict(List.of("a", "cat"))));
    }
  }

  @Test
  void refusesModelsAndSignaturesThatTheServerDoesNotHave() {
    assertEquals(
        serving.url("/v1/models/rte")
            + ": the server answers HTTP 404: Servable not found for request: Latest(rte)",
        refusal(
            IllegalStateException.class,
            () -> TextClassifier.remote(serving.url("/v1/models/rte"), folder)));
    RestClassifier.Options other =
        new RestClassifier.Options("serving_float", Map.of(), Duration.ofSeconds(60));
    assertEquals(
        serving.url()
            + ": expected a signature serving_float, found [__saved_model_init_op,"
            + " serving_default]; choose one by --signature",
        refusal(IllegalArgumentException.class, () -> open(other)));
    serving.outputs = List.of("pooled_output");
    assertTrue(
        refusal(IllegalArgumentException.class, () -> open(RestClassifier.Options.DEFAULT))
            .startsWith(serving.url() + ": expected a classifier's output"));
    serving.metadata = answering(200, "{\"model_spec\": {}}");
    assertEquals(
        serving.url()
            + "/metadata: expected metadata with a signature_def, found members [model_spec]",
        refusal(IllegalStateException.class, () -> open(RestClassifier.Options.DEFAULT)));
    serving.metadata = answering(200, "text/html", "<html>");
    assertEquals(
        serving.url() + "/metadata: expected an answer in JSON, found \"<html>\"",
        refusal(IllegalStateException.class, () -> open(RestClassifier.Options.DEFAULT)));
  }

  @Test
  void refusesAServerThatIsNotThere() throws IOException {
    // A port that is taken, where nobody listens.
    try (Socket taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      URI url = URI.create("http://127.0.0.1:" + taken.getLocalPort() + "/v1/models/cola");
      assertEquals(
          url
              + ": cannot be reached: no connection; is the server running, and is this its REST port"
              + " (--rest_api_port)?",
          refusal(UncheckedIOException.class, () -> TextClassifier.remote(url, folder)));
    }
  }

  @Test
  void refusesAConnectionThatEnds() {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      serving.prediction = HttpExchange::close;
      String message = message(UncheckedIOException.class, () -> classifier.predict("a cat"));
      assertTrue(message.startsWith(serving.url() + ": the connection failed: "), message);
      serving.prediction = null;
      assertAnswers(classifier);
    }
  }

  /** Before the headers, and after them. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void waitsNoLongerThanTheTimeout(boolean headers) {
    try (TextClassifier classifier = open(within(Duration.ofMillis(1500)))) {
      serving.prediction =
          exchange -> {
            if (headers) {
              exchange.sendResponseHeaders(200, 100);
              exchange.getResponseBody().write('{');
              exchange.getResponseBody().flush();
            }
            try {
              end.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          };
      assertEquals(
          serving.url()
              + ": no answer within 1.5s; give it more time by --timeout SECONDS, or fewer texts at"
              + " once",
          message(UncheckedIOException.class, () -> classifier.predict("a cat")));
    }
  }

  @Test
  void anInterruptedThreadStaysInterrupted() {
    try (TextClassifier classifier = open(RestClassifier.Options.DEFAULT)) {
      Thread.currentThread().interrupt();
      assertEquals(
          serving.url() + ": interrupted while waiting for the server",
          message(IllegalStateException.class, () -> classifier.predict("a cat")));
      assertTrue(Thread.interrupted());
      assertAnswers(classifier);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ftp://h/v1/models/m                  | no http or https
          /v1/models/m                         | no http or https
          localhost:8501/v1/models/m           | no http or https
          http:///v1/models/m                  | no host name of letters, digits, hyphens and dots
          http://tf_serving:8501/v1/models/m   | no host name of letters, digits, hyphens and dots
          http://h:8501                        | no path
          http://h:8501/                       | no path
          http://h:8501/v1/models              | the path /v1/models
          http://h:8501/v1/models/             | the path /v1/models
          http://h:8501/v2/models/m            | the path /v2/models/m
          http://h:8501/v1/models/m:predict    | one that ends in :predict, which is added here
          http://h:8501/v1/models/m:classify   | the path /v1/models/m:classify
          http://h:8501/v1/models/m/versions/x | the path /v1/models/m/versions/x
          http://h:8501/v1/models/m/labels     | the path /v1/models/m/labels
          http://h:8501/v1/models/m?a=b        | a part after ? or #
          http://h:8501/v1/models/m#a          | a part after ? or #
          """)
  void refusesOtherUrls(String url, String found) {
    assertEquals(
        url
            + ": expected a URL http://HOST:8501/v1/models/NAME, maybe with /versions/N or"
            + " /labels/LABEL, found "
            + found,
        refusal(
            IllegalArgumentException.class, () -> TextClassifier.remote(URI.create(url), folder)));
  }

  @Test
  void keepsPasswordsOutOfMessagesAndTakesPrefixes() {
    assertEquals(
        "URL: expected one without a user and a password, found them for host h",
        message(
            IllegalArgumentException.class,
            () -> ServingUrl.of(URI.create("http://me:secret@h/v1/models/m"))));
    ServingUrl behindProxy = ServingUrl.of(URI.create("HTTPS://h/a/b/v1/models/m/versions/12/"));
    assertEquals("https://h/a/b/v1/models/m/versions/12:predict", behindProxy.predict().toString());
    assertEquals(
        "https://h/a/b/v1/models/m/versions/12/metadata", behindProxy.metadata().toString());
  }

  @Test
  void needsAVocabulary() {
    TextClassifier.RemoteOptions nothing =
        new TextClassifier.RemoteOptions(
            null, TextFormat.Choice.DEFAULT, RestClassifier.Options.DEFAULT, 32);
    assertEquals(
        "vocabulary: expected one for a model without a folder, found none; give it by --vocab"
            + " FILE, or a folder that has it in its assets by --model DIR",
        refusal(
            IllegalArgumentException.class, () -> TextClassifier.remote(serving.url(), nothing)));
    assertEquals(List.of(), serving.requests);
    TextFormat.Choice own =
        new TextFormat.Choice(folder.resolve("assets").resolve("vocab.txt"), null, null);
    TextClassifier.RemoteOptions enough =
        new TextClassifier.RemoteOptions(null, own, RestClassifier.Options.DEFAULT, 32);
    try (TextClassifier classifier = TextClassifier.remote(serving.url(), enough)) {
      TextClassifierTest.assertPrediction(
          TinyText.probabilities(model, "a cat", null),
          List.of("0", "1", "2"),
          classifier.predict("a cat"));
    }
  }

  @Test
  void aTimeoutIsAboveZero() {
    assertEquals(
        "expected a timeout above zero, found 0s",
        message(IllegalArgumentException.class, () -> within(Duration.ZERO)));
  }
}
