package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.squat.eval.ModelDescription;
import io.squat.glue.Casing;
import io.squat.glue.OwnTask;
import io.squat.glue.TableColumns;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code predict --url} against a server whose probabilities are a function of a row's token ids:
 * (t - 1) / t and 1 / t for t tokens.
 */
class PredictCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nit\nrains\nis\nwet\n";

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<JsonNode> asked = new ArrayList<>();

  @TempDir Path folder;

  private HttpServer server;
  private String url;
  private Path vocabulary;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v1/models/cola:predict", this::predict);
    server.createContext("/v1/models/gone", e -> answer(e, 404, "{\"error\": \"no model gone\"}"));
    server.createContext("/v1/models/slow", this::wait);
    server.createContext("/v1/models/page", e -> answer(e, 200, "<html>"));
    server.start();
    url = "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/models/";
    Path assets = Files.createDirectories(folder.resolve("assets"));
    vocabulary = Files.writeString(assets.resolve("vocab.txt"), VOCABULARY);
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void predict(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    asked.add(request);
    List<String> rows = new ArrayList<>();
    for (JsonNode row : request.get("instances")) {
      int tokens = 0;
      for (JsonNode mask : row.get("input_mask")) {
        tokens += mask.intValue();
      }
      rows.add(
          "{\"label\": 0, \"probabilities\": [" + (1 - 1.0 / tokens) + "," + 1.0 / tokens + "]}");
    }
    answer(exchange, 200, "{\"predictions\": " + rows + "}");
  }

  private void wait(HttpExchange exchange) {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.close();
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static Invocation run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Squat.run(new PrintWriter(out), new PrintWriter(err), arguments);
    return new Invocation(status, out.toString(), err.toString());
  }

  @Test
  void asksAServerWithTheVocabularyThatIsGiven() throws IOException {
    Path json = folder.resolve("out.json");
    Invocation done =
        run(
            "predict",
            "--url",
            url + "cola",
            "--vocab",
            vocabulary.toString(),
            "--text",
            "It rains",
            "--text-pair",
            "it is WET",
            "--json",
            json.toString());
    assertEquals(new Invocation(0, "0\t0.8750\tIt rains\tit is WET\n", ""), done);
    assertEquals(
        JSON.readTree(
            """
            {"signature_name": "serving_default", "instances": [
              {"input_ids": [2, 4, 5, 3, 4, 6, 7, 3], "input_mask": [1, 1, 1, 1, 1, 1, 1, 1],
               "segment_ids": [0, 0, 0, 0, 1, 1, 1, 1]}]}
            """),
        asked.get(0));
    assertEquals(
        JSON.readTree(
            """
            {"answers": [{"text": "It rains", "pair": "it is WET", "label": "0",
              "probability": 0.875, "probabilities": {"0": 0.875, "1": 0.125}, "score": null}]}
            """),
        JSON.readTree(json.toFile()));
  }

  @Test
  void takesLabelsCasingAndLengthOfTheFolderBesideTheUrl() throws IOException {
    Files.write(
        folder.resolve("assets").resolve(ModelDescription.FILE),
        new ModelDescription(
                "CoLA",
                List.of("yes", "no"),
                Casing.CASED,
                4,
                "packed",
                "hash",
                Map.of(),
                Map.of(),
                NullNode.getInstance())
            .toJson());
    Path texts = Files.writeString(folder.resolve("texts"), "It is wet\nwet\n");
    Invocation done =
        run(
            "predict",
            "--url",
            url + "cola",
            "--model",
            folder.toString(),
            "--signature",
            "serving_float",
            "--input",
            texts.toString());
    assertEquals(0, done.status(), done.err());
    assertEquals("yes\t0.7500\tIt is wet\nyes\t0.6667\twet\n", done.out());
    assertEquals(
        JSON.readTree(
            """
            {"signature_name": "serving_float", "instances": [
              {"input_ids": [2, 1, 6, 3], "input_mask": [1, 1, 1, 1], "segment_ids": [0, 0, 0, 0]},
              {"input_ids": [2, 7, 3, 0], "input_mask": [1, 1, 1, 0], "segment_ids": [0, 0, 0, 0]}]}
            """),
        asked.get(0));
  }

  /**
   * Rows without labels, as they come to who has a model; the columns are those it was trained
   * with.
   */
  @Test
  void takesTheTextsOfATable() throws IOException {
    Path csv =
        Files.writeString(
            folder.resolve("new.csv"), "id,text,more\n1,\"It is, wet\",x\n2,wet,\"rains\nis\"\n");
    String[] arguments = {
      "predict", "--url", url + "cola", "--model", folder.toString(), "--input", csv.toString()
    };
    Invocation unknown = run(arguments);
    assertEquals(2, unknown.status());
    assertEquals(
        "squat: --text-columns: expected the column of the text in "
            + csv
            + ", or the two of a pair, since no --model says which columns of a table of one's own it was"
            + " trained with; found none\n",
        unknown.err());
    List<String> chosen = new ArrayList<>(List.of(arguments));
    chosen.addAll(List.of("--text-columns", "more"));
    assertEquals("0\t0.6667\tx\n0\t0.7500\trains is\n", run(chosen.toArray(new String[0])).out());
    OwnTask task =
        new OwnTask("reviews", new TableColumns(List.of("text"), "y"), List.of("bad", "good"));
    Files.write(
        folder.resolve("assets").resolve(ModelDescription.FILE),
        new ModelDescription(
                task.name(),
                task.labels(),
                Casing.UNCASED,
                16,
                "packed",
                "hash",
                Map.of(),
                Map.of(),
                JSON.createObjectNode().set("task", JSON.valueToTree(task)))
            .toJson());
    assertEquals("bad\t0.8333\tIt is, wet\nbad\t0.6667\twet\n", run(arguments).out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --input no.csv                               | 2 | Missing required option: '--model=DIR|NAME' or '--url=URL'
          --text a                                     | 2 | Missing required option: '--model=DIR|NAME' or '--url=URL'; see squat predict --help
          --text a --url URLcola                       | 2 | vocabulary: expected one for a model without a folder, found none; give it by --vocab FILE
          --text a --url URLcola --vocab none.txt      | 2 | none.txt: expected a WordPiece vocabulary, found no such file
          --text a --url URLcola --model nowhere       | 2 | --model: expected the folder
          --text a --url ftp://h/v1/models/m --vocab V | 2 | ftp://h/v1/models/m: expected a URL http://HOST:8501/v1/models/NAME
          --text a --url http://[ --vocab V            | 2 | '--url'
          --text a --url URLcola --vocab V --device cpu | 2 | --device has no effect on a model on a server; leave it out with --url; see
          --text a --url URLcola --vocab V --threads 2 | 2 | --threads has no effect
          --text a --url URLcola --vocab V --tags t    | 2 | --tags has no effect
          --text a --model m --timeout 3               | 2 | '--url=URL'
          --text a --url URLcola --vocab V --timeout 0 | 2 | expected a timeout above zero
          --text a --url URLcola --vocab V --timeout x | 2 | '--timeout'
          --text a --url URLcola --vocab V --max-length 2 | 2 | expected a maximum length of at least 3 tokens, found 2
          --text a --url URLgone --vocab V             | 1 | URLgone: the server answers HTTP 404: no model gone
          --text a --url URLpage --vocab V             | 1 | URLpage/metadata: expected an answer in JSON, found "<html>"
          --text a --url URLslow --vocab V --timeout 1 | 1 | URLslow: no answer within 1s; give it more time by --timeout SECONDS
          --text a --url http://127.0.0.1:1/v1/models/m --vocab V | 1 | http://127.0.0.1:1/v1/models/m: cannot be reached: no connection
          """)
  void failuresAreOneLineAndAStatus(String arguments, int status, String expected) {
    String given = arguments.replace("URL", url).replace("--vocab V", "--vocab " + vocabulary);
    Invocation bad = Invocation.of("predict " + given);
    String wanted = expected.startsWith("URL") ? expected.replace("URL", url) : expected;
    assertAll(
        () -> assertEquals(status, bad.status(), bad.err()),
        () -> assertEquals("", bad.out()),
        () -> assertEquals(1, bad.err().lines().count(), bad.err()),
        () -> assertTrue(bad.err().startsWith("squat: "), bad.err()),
        () -> assertTrue(bad.err().contains(wanted), bad.err()));
  }
}
