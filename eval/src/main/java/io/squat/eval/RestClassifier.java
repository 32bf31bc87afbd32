package io.squat.eval;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableSet;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.ServingModel;
import io.squat.savedmodels.TensorFlowMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.SignatureDef;

/**
 * A model on a TensorFlow Serving server, asked through its REST API.
 *
 * <p>Opening asks once for the signature:
 *
 * <pre>
 * GET  URL/metadata
 * </pre>
 *
 * so that inputs and outputs are found by the same rules as in a {@link Classifier}. A server or
 * proxy that answers that with HTTP 403, 404, 405 or 501 and not with TensorFlow Serving's own
 * {@code {"error": "..."}} is taken to serve a model with the inputs {@code input_ids}, {@code
 * input_mask} and, unless the signature is {@code serving_no_segments}, {@code segment_ids} (or the
 * names of the options), as this program exports a run of a base model with segments; of one
 * without them, {@code serving_no_segments} is to be chosen. A batch of B rows of T tokens is one
 * request:
 *
 * <pre>
 * POST URL:predict
 * {"signature_name": "serving_default",
 *  "instances": [{"input_ids": [101, 1996, 102], "input_mask": [1, 1, 1], "segment_ids": [0, 0, 0]}, ...]}
 *
 * {"predictions": [{"logits": [-0.3, 1.2], "probabilities": [0.18, 0.82], "label": 1}, ...]}
 * </pre>
 *
 * <p>That is the API's row format, not its columnar one ({@code "inputs"}): it is the one that is
 * documented for inputs of one batch size, which these are; the answer is a list of one entry a
 * row, so that an answer of other rows shows; and servers that follow this API without being
 * TensorFlow Serving know it best. Its condition, that every output of the signature has B as its
 * first size, holds for every model that this program exports; for another one the server says so.
 *
 * <p>Several threads may predict at once. The client of {@code java.net.http} has nothing to close;
 * its connections end when they are idle. Proxies and certificates are as Java's system properties
 * say.
 *
 * @see <a href="https://www.tensorflow.org/tfx/serving/api_rest">TensorFlow Serving, RESTful
 *     API</a>
 */
public final class RestClassifier implements Predictor {
  private static final int OK = 200;
  private static final int BAD_REQUEST = 400;

  /** Of proxies that pass predictions alone, and servers that know nothing of metadata. */
  private static final ImmutableSet<Integer> NO_METADATA = ImmutableSet.of(403, 404, 405, 501);

  private static final int LONGEST_QUOTE = 300;
  private static final int LONGEST_MESSAGE = 1000;
  private static final String DEFAULT_SIGNATURE = "serving_default";

  /** NaN and Infinity are numbers there; error messages can hold C's escapes. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(JsonReadFeature.ALLOW_BACKSLASH_ESCAPING_ANY_CHARACTER)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * How a server is asked.
   *
   * @param signature the signature; null takes {@code serving_default}
   * @param inputs the names of inputs that do not have a usual one, by role
   * @param timeout the longest time that an answer may take, from connecting to its last byte
   */
  public record Options(
      @Nullable String signature, Map<InputRole, String> inputs, Duration timeout) {
    /** {@code serving_default}, usual names, 60 seconds. */
    public static final Options DEFAULT = new Options(null, Map.of(), Duration.ofSeconds(60));

    /**
     * Copies the names.
     *
     * @throws IllegalArgumentException if the timeout is not positive
     */
    public Options {
      inputs = Map.copyOf(inputs);
      if (timeout.isZero() || timeout.isNegative()) {
        throw new IllegalArgumentException(
            "expected a timeout above zero, found " + ServingHttp.seconds(timeout));
      }
    }
  }

  private final ServingUrl url;
  private final ServingHttp http;
  private final String signature;
  private final SignatureBatches batches;

  /** The output that the metadata has; null if the server gave none. */
  private final @Nullable SignatureOutput output;

  private RestClassifier(
      ServingUrl url,
      ServingHttp http,
      String signature,
      List<SignatureInput> inputs,
      @Nullable SignatureOutput output) {
    this.url = url;
    this.http = http;
    this.signature = signature;
    this.batches = new SignatureBatches(url.model(), inputs);
    this.output = output;
  }

  /**
   * Asks a server for a model; the caller closes the classifier.
   *
   * @param url {@code http://HOST:PORT/v1/models/NAME}, or with {@code /versions/N} or {@code
   *     /labels/LABEL} at the end; without either the server takes the newest version
   * @param options how it is asked
   * @throws IllegalArgumentException if the URL is not one of a model, or the signature does not
   *     exist or is not a classifier's
   * @throws UncheckedIOException if the server cannot be reached or does not answer in time
   * @throws IllegalStateException if the server answers with an error or something else than
   *     metadata, or the thread is interrupted
   */
  @MustBeClosed
  public static RestClassifier open(URI url, Options options) {
    return open(ServingUrl.of(url), options);
  }

  @MustBeClosed
  static RestClassifier open(ServingUrl url, Options options) {
    ServingHttp http = new ServingHttp(url.model(), options.timeout());
    String signature = options.signature() == null ? DEFAULT_SIGNATURE : options.signature();
    ServingHttp.Response response = http.send(HttpRequest.newBuilder(url.metadata()).GET());
    if (response.status() != OK) {
      if (serverMessage(response.body()) != null || !NO_METADATA.contains(response.status())) {
        throw httpError(url, response);
      }
      return new RestClassifier(url, http, signature, exported(signature, options.inputs()), null);
    }
    try {
      SignatureDef found = ServingMetadata.signature(json(response.body()), signature);
      return new RestClassifier(
          url,
          http,
          signature,
          SignatureInput.of(found, options.inputs()),
          SignatureOutput.of(found));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(url.model() + ": " + e.getMessage(), e);
    } catch (IllegalStateException e) {
      throw new IllegalStateException(url.metadata() + ": " + e.getMessage(), e);
    }
  }

  /**
   * The inputs of the signatures that this program writes of a model with segments: any B and T.
   */
  private static List<SignatureInput> exported(String signature, Map<InputRole, String> named) {
    List<SignatureInput> inputs = new ArrayList<>();
    for (InputRole role : InputRole.values()) {
      if (role == InputRole.SEGMENTS && signature.equals(ServingModel.NO_SEGMENTS)) {
        continue;
      }
      String key = named.getOrDefault(role, role.signatureName());
      inputs.add(new SignatureInput(role, key, key, false, SignatureInput.ANY, SignatureInput.ANY));
    }
    return inputs;
  }

  @Override
  public String name() {
    return url.model();
  }

  @Override
  public OptionalInt maxLength() {
    return batches.maxLength();
  }

  /**
   * Predicts for a batch, by one request (several where the signature fixes B).
   *
   * @param batch B rows of T tokens
   * @return float32 [B, C], rows in the batch's order
   * @throws IllegalArgumentException if the batch's rows are longer than the signature allows
   * @throws UncheckedIOException if the server cannot be reached or does not answer in time
   * @throws IllegalStateException if the server answers with an error, or with something else than
   *     finite numbers [B, C], [B, 1] or [B], or the thread is interrupted
   */
  @Override
  public Predictions predict(Batch batch) {
    return batches.predict(batch, this::run);
  }

  private List<SignatureBatches.Answer> run(Batch batch, int start, int rows, int length) {
    ServingHttp.Response response =
        http.send(
            HttpRequest.newBuilder(url.predict())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(request(batch, start, rows, length))));
    if (response.status() != OK) {
      IllegalStateException error = httpError(url, response);
      throw response.status() == BAD_REQUEST && output == null
          ? new IllegalStateException(error.getMessage() + withoutMetadata(), error)
          : error;
    }
    try {
      return List.of(answer(json(response.body()), rows));
    } catch (IllegalStateException e) {
      throw new IllegalStateException(url.model() + ": " + e.getMessage(), e);
    }
  }

  /** What may help where the inputs were not asked for. */
  private String withoutMetadata() {
    List<String> sent = batches.inputs().stream().map(SignatureInput::key).toList();
    return "; the inputs "
        + sent
        + " were sent, since the server gives no metadata"
        + (signature.equals(ServingModel.NO_SEGMENTS)
            ? ""
            : ": for a model without segments choose --signature " + ServingModel.NO_SEGMENTS);
  }

  /** The body of a request for rows of a batch, padded to one length. */
  private byte[] request(Batch batch, int start, int rows, int length) {
    List<int[]> columns =
        batches.inputs().stream().map(input -> input.values(batch, start, rows, length)).toList();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("signature_name", signature);
      json.writeArrayFieldStart("instances");
      for (int row = 0; row < rows; row++) {
        json.writeStartObject();
        for (int i = 0; i < columns.size(); i++) {
          json.writeFieldName(batches.inputs().get(i).key());
          json.writeArray(columns.get(i), row * length, length);
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a byte array takes everything
    }
    return out.toByteArray();
  }

  /**
   * The numbers of an answer.
   *
   * @throws IllegalStateException if it is not one of so many rows
   */
  private SignatureBatches.Answer answer(JsonNode json, int rows) {
    JsonNode predictions = json.path("predictions");
    if (!predictions.isArray()) {
      throw new IllegalStateException(
          "expected an answer {\"predictions\": [...]}, found " + quote(json.toString()));
    }
    if (predictions.size() != rows) {
      throw new IllegalStateException(
          "expected predictions for " + rows + " rows, found " + predictions.size());
    }
    Map.Entry<String, OutputKind> chosen = output(predictions.get(0));
    float[] values = new float[0];
    int columns = 0;
    for (int row = 0; row < rows; row++) {
      JsonNode numbers = predictions.get(row);
      if (numbers.isObject()) {
        numbers = numbers.path(chosen.getKey());
      }
      int found = numbers.isArray() ? numbers.size() : 1;
      if (row == 0) {
        columns = found;
        values = new float[rows * columns];
      }
      if (found != columns || found == 0) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "output %s: expected %d numbers for row %d, found %d",
                chosen.getKey(),
                Math.max(1, columns),
                row,
                found));
      }
      for (int i = 0; i < columns; i++) {
        JsonNode number = numbers.isArray() ? numbers.get(i) : numbers;
        if (!number.isNumber()) {
          throw new IllegalStateException(
              String.format(
                  Locale.ROOT,
                  "output %s: expected numbers for row %d, found %s",
                  chosen.getKey(),
                  row,
                  number.isMissingNode() ? "none" : quote(number.toString())));
        }
        values[row * columns + i] = (float) number.doubleValue();
      }
    }
    return new SignatureBatches.Answer(chosen.getKey(), chosen.getValue(), values);
  }

  /** The output to read: the signature's, or by its name in a row. A lone output has no name. */
  private Map.Entry<String, OutputKind> output(JsonNode row) {
    List<String> keys = new ArrayList<>();
    row.fieldNames().forEachRemaining(keys::add);
    if (output != null && (!row.isObject() || row.has(output.key()))) {
      return Map.entry(output.key(), output.kind());
    }
    if (output == null && !row.isObject()) {
      return Map.entry("predictions", OutputKind.CLASS_VALUES);
    }
    return SignatureOutput.named(output == null ? keys : List.of())
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "expected an output "
                        + (output == null ? "named logits, probabilities or score" : output.key())
                        + ", found outputs "
                        + keys));
  }

  private static JsonNode json(byte[] body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "expected an answer in JSON, found " + quote(new String(body, StandardCharsets.UTF_8)),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a byte array can be read
    }
  }

  private static IllegalStateException httpError(ServingUrl url, ServingHttp.Response response) {
    String message = serverMessage(response.body());
    String body = new String(response.body(), StandardCharsets.UTF_8);
    return new IllegalStateException(
        url.model()
            + ": the server answers HTTP "
            + response.status()
            + ": "
            + (response.location() == null ? "" : "it is at " + response.location() + ": ")
            + (message == null
                ? quote(body)
                : TensorFlowMessage.of(new IllegalStateException(cut(message, LONGEST_MESSAGE)))));
  }

  /** What TensorFlow Serving says in {@code {"error": "..."}}; null if the body is another. */
  private static @Nullable String serverMessage(byte[] body) {
    try {
      return JSON.readTree(body).path("error").textValue();
    } catch (IOException e) {
      return null;
    }
  }

  private static String quote(String text) {
    return text.isBlank() ? "nothing" : "\"" + cut(text, LONGEST_QUOTE) + "\"";
  }

  private static String cut(String text, int longest) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= longest ? line : line.substring(0, longest) + "...";
  }

  /** Nothing: the client's connections end by themselves. */
  @Override
  public void close() {}
}
