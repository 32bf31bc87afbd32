package io.squat.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.squat.glue.Batch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A server that behaves as TensorFlow Serving's REST API is documented, with the model {@code cola}
 * (versions 3, label stable), and takes nothing but requests that the documentation allows.
 */
final class FakeServing implements AutoCloseable {
  static final List<String> INPUTS = List.of("input_ids", "input_mask", "segment_ids");

  /** Answers in place of the server. */
  @FunctionalInterface
  interface Handler {
    void handle(HttpExchange exchange) throws IOException;
  }

  /** What a request is answered with. */
  record Answer(int status, String body) {}

  /** A request that TensorFlow Serving refuses. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final String MODEL = "/v1/models/cola(/versions/3|/labels/stable)?";

  private final TinyClassifier model;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** Method and path of the requests, in their order. */
  final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  /** Rows x tokens of the predictions asked for. */
  final List<String> shapes = Collections.synchronizedList(new ArrayList<>());

  /** Token ids of the last prediction's first row. */
  volatile List<Integer> firstRow = List.of();

  /** The signature that is asked for. */
  String signature = "serving_default";

  /** The signature's inputs. */
  List<String> inputs = INPUTS;

  /** The signature's outputs, of logits, probabilities, label and score. */
  List<String> outputs = List.of("label", "logits", "probabilities");

  /** The signature's sizes. */
  int rows = -1;

  int length = -1;

  /** What replaces the server's answers; null for none. */
  volatile @org.jspecify.annotations.Nullable Handler metadata;

  volatile @org.jspecify.annotations.Nullable Handler prediction;

  FakeServing(TinyClassifier model) {
    this.model = model;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** The URL of a path on this server. */
  URI url(String path) {
    return URI.create(
        "http://"
            + server.getAddress().getAddress().getHostAddress()
            + ":"
            + server.getAddress().getPort()
            + path);
  }

  URI url() {
    return url("/v1/models/cola");
  }

  static Handler answering(int status, String body) {
    return exchange -> send(exchange, status, "application/json", body);
  }

  static Handler answering(int status, String type, String body) {
    return exchange -> send(exchange, status, type, body);
  }

  private static void send(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().toString();
    requests.add(exchange.getRequestMethod() + " " + path);
    byte[] body = exchange.getRequestBody().readAllBytes();
    boolean predicts = path.endsWith(":predict");
    Handler replaced = predicts ? prediction : metadata;
    if (replaced != null) {
      replaced.handle(exchange);
      return;
    }
    try {
      if (!path.matches("/v1/models/[^/:]+(/versions/\\d+|/labels/[^/:]+)?(:predict|/metadata)")) {
        throw new Refused(400, "Malformed request: " + exchange.getRequestMethod() + " " + path);
      }
      if (!path.matches(MODEL + "(:predict|/metadata)")) {
        throw new Refused(
            404, "Servable not found for request: Latest(" + path.split("[/:]", -1)[3] + ")");
      }
      if (!exchange.getRequestMethod().equals(predicts ? "POST" : "GET")) {
        throw new Refused(405, "Malformed request: " + exchange.getRequestMethod() + " " + path);
      }
      String type = exchange.getRequestHeaders().getFirst("Content-Type");
      if (predicts && !"application/json".equals(type)) {
        throw new Refused(415, "Content-Type: " + type);
      }
      if (exchange.getRequestHeaders().containsKey("Upgrade")) {
        throw new Refused(400, "HTTP upgrade");
      }
      JsonNode answer = predicts ? predict(JSON.readTree(body)) : signatures();
      send(exchange, 200, "application/json", answer.toString());
    } catch (Refused e) {
      ObjectNode error = JSON.createObjectNode().put("error", e.getMessage());
      send(exchange, e.status, "application/json", error.toString());
    } catch (JsonProcessingException e) {
      send(exchange, 400, "application/json", "{\"error\": \"JSON Parse error\"}");
    }
  }

  private ObjectNode signatures() {
    ObjectNode answer = JSON.createObjectNode();
    answer.putObject("model_spec").put("name", "cola").put("version", "3");
    ObjectNode signatures =
        answer.putObject("metadata").putObject("signature_def").putObject("signature_def");
    ObjectNode signature = signatures.putObject("serving_default");
    ObjectNode in = signature.putObject("inputs");
    inputs.forEach(name -> tensor(in.putObject(name), "DT_INT32", rows, length));
    ObjectNode out = signature.putObject("outputs");
    for (String name : outputs) {
      switch (name) {
        case "label" -> tensor(out.putObject(name), "DT_INT32", -1);
        case "score" -> tensor(out.putObject(name), "DT_FLOAT", -1);
        default -> tensor(out.putObject(name), "DT_FLOAT", -1, 3);
      }
    }
    signatures.putObject("__saved_model_init_op").putObject("inputs");
    return answer;
  }

  private static void tensor(ObjectNode tensor, String type, int... sizes) {
    tensor.put("dtype", type).put("name", "x:0");
    ObjectNode shape = tensor.putObject("tensor_shape").put("unknown_rank", false);
    ArrayNode dimensions = shape.putArray("dim");
    for (int size : sizes) {
      dimensions.addObject().put("size", Integer.toString(size)).put("name", "");
    }
  }

  private ObjectNode predict(JsonNode body) {
    check(names(body).equals(List.of("instances", "signature_name")), "members " + names(body));
    String asked = body.path("signature_name").textValue();
    check(signature.equals(asked), "signature " + asked);
    JsonNode instances = body.path("instances");
    check(instances.isArray() && !instances.isEmpty(), "'instances' is no list of rows");
    check(rows < 0 || instances.size() == rows, "B is " + instances.size());
    int tokens = instances.get(0).path(inputs.get(0)).size();
    check(length < 0 || tokens == length, "T is " + tokens);
    shapes.add(instances.size() + " x " + tokens);
    int[][] fed = new int[inputs.size()][instances.size() * tokens];
    for (int row = 0; row < instances.size(); row++) {
      JsonNode instance = instances.get(row);
      check(
          names(instance).equals(inputs.stream().sorted().toList()),
          "Failed to process element: "
              + row
              + " of 'instances' list. keys must be equal to: "
              + String.join(",", inputs));
      for (int i = 0; i < inputs.size(); i++) {
        JsonNode values = instance.path(inputs.get(i));
        check(values.isArray() && values.size() == tokens, "Expecting tensor size: " + tokens);
        for (int t = 0; t < tokens; t++) {
          check(values.get(t).isInt(), values.get(t) + " is not of expected type: int32");
          fed[i][row * tokens + t] = values.get(t).intValue();
        }
      }
      checkPadding(fed, row * tokens, tokens);
    }
    firstRow = Arrays.stream(fed[0], 0, tokens).boxed().toList();
    int[] segments = inputs.size() > 2 ? fed[2] : new int[fed[0].length];
    return answer(
        new Batch(
            instances.size(),
            tokens,
            fed[0],
            fed[1],
            segments,
            new float[instances.size()],
            new int[instances.size()]));
  }

  /** Ones, then zeros in the mask; [PAD] and segment 0 where it has zeros. */
  private static void checkPadding(int[][] fed, int start, int tokens) {
    check(fed[1][start] == 1, "a row without tokens");
    for (int at = start; at < start + tokens; at++) {
      int mask = fed[1][at];
      check(mask == 0 || mask == 1, "mask " + mask);
      check(at == start || mask <= fed[1][at - 1], "a mask with holes");
      for (int[] input : fed) {
        check(mask == 1 || input[at] == 0, "padding " + input[at]);
      }
    }
  }

  private ObjectNode answer(Batch batch) {
    double[][] logits = model.expectedLogits(batch);
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode predictions = answer.putArray("predictions");
    for (double[] row : logits) {
      ObjectNode named = JSON.createObjectNode();
      for (String output : outputs) {
        switch (output) {
          case "logits" -> numbers(named.putArray(output), row);
          case "probabilities" -> numbers(named.putArray(output), TinyText.softmax(row));
          case "label" -> named.put(output, TinyText.argMax(row));
          default -> named.put(output, (float) row[0]);
        }
      }
      if (outputs.size() == 1) {
        predictions.add(named.get(outputs.get(0)));
      } else {
        predictions.add(named);
      }
    }
    return answer;
  }

  private static void numbers(ArrayNode array, double[] values) {
    for (double value : values) {
      array.add((float) value);
    }
  }

  private static List<String> names(JsonNode object) {
    TreeSet<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return List.copyOf(names);
  }

  private static void check(boolean right, String message) {
    if (!right) {
      throw new Refused(400, message);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
