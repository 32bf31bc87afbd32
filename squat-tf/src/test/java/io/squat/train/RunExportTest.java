package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Ints;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.squat.eval.ModelDescription;
import io.squat.eval.ModelSize;
import io.squat.glue.Casing;
import io.squat.glue.EncodedExample;
import io.squat.glue.Split;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.Compute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TInt32;

/** What an export holds beside the model, of a whole run of the tiny BERT. */
class RunExportTest {
  private static final int VOCABULARY = 120;
  private static final int POSITIONS = 40;

  @TempDir static Path root;

  @TempDir Path folder;

  /** A request of the file: the model's and the signature's name, and the tensors. */
  private record Request(String model, String signature, Map<String, TensorProto> inputs) {
    long size(int axis) {
      return requireNonNull(inputs.get("input_ids")).getTensorShape().getDim(axis).getSize();
    }
  }

  @BeforeAll
  static void train() {
    TestRun.train(TestRun.settings(Method.SQUAT, "within", 3), root, Progress.NONE);
  }

  private static Path export(Path run, ServingFormat format, Path out) {
    RunExport export = new RunExport(new RunFolder(run));
    export.write(export.lastStage(), new ServingForm(format, Compute.INTEGER), "test", out);
    return out;
  }

  @ParameterizedTest
  @EnumSource
  void theRequestsRunOnTheModel(ServingFormat format) throws IOException {
    Path model = export(root, format, folder.resolve("1"));
    List<Request> requests = requests(model);
    assertEquals(9, requests.size());
    for (Request request : requests) {
      assertEquals("cola", request.model());
      assertEquals("serving_default", request.signature());
      assertRows(request);
    }
    run(model, requests);
  }

  /** Whole rows within the vocabulary, whose entries 2 and 3 are [CLS] and [SEP]. */
  private static void assertRows(Request request) {
    List<Integer> ids = requireNonNull(request.inputs().get("input_ids")).getIntValList();
    int length = Math.toIntExact(request.size(1));
    assertEquals(request.size(0) * length, ids.size());
    for (int i = 0; i < ids.size(); i++) {
      int id = ids.get(i);
      int place = i % length;
      assertTrue(place == 0 ? id == 2 : place == length - 1 ? id == 3 : id > 4, id + " in " + i);
      assertTrue(id < VOCABULARY);
    }
    assertEquals(List.of(1), requireNonNull(request.inputs().get("input_mask")).getIntValList());
    assertEquals(List.of(0), requireNonNull(request.inputs().get("segment_ids")).getIntValList());
  }

  @Test
  void theRequestsAreAsLongAsTheTrainingRows() throws IOException {
    int[] lengths;
    try (WordPiece wordPiece = WordPiece.open(TinyBert.vocabulary(), Casing.UNCASED)) {
      lengths =
          wordPiece.encode(TinyBert.examples(Split.TRAIN), 32).rows().stream()
              .mapToInt(EncodedExample::length)
              .sorted()
              .toArray();
    }
    assertEquals(61, lengths.length);
    List<Integer> expected = List.of(lengths[30], lengths[54], lengths[60]);
    List<Request> requests = requests(export(root, ServingFormat.PACKED, folder.resolve("1")));
    for (int rows : new int[] {1, 8, 32}) {
      assertEquals(
          expected,
          requests.stream()
              .filter(request -> request.size(0) == rows)
              .map(request -> Math.toIntExact(request.size(1)))
              .toList());
    }
  }

  /**
   * Rows of 64 tokens were allowed, the model has 40 positions; nothing tells the rows' lengths.
   */
  @Test
  void anOlderRunHasRequestsThatTheModelTakes() throws IOException {
    Path run = folder.resolve("run");
    copy(root, run);
    Files.delete(run.resolve("data.json"));
    Path settings = run.resolve("settings.json");
    Files.writeString(
        settings, Files.readString(settings).replace("\"maxLength\" : 32", "\"maxLength\" : 64"));
    assertEquals(64, new RunFolder(run).settings().maxLength());
    Path model = export(run, ServingFormat.PACKED, folder.resolve("1"));
    List<Request> requests = requests(model);
    assertEquals(
        List.of(10L, 20L, (long) POSITIONS),
        requests.stream().map(request -> request.size(1)).distinct().toList());
    run(model, requests);
    String card = Files.readString(model.resolve("README.md"));
    assertTrue(card.contains("Trained on the training file"), card);
    assertTrue(card.contains("| longest row | 40 tokens; longer ones are cut |"), card);
    assertEquals(POSITIONS, ModelDescription.read(model).orElseThrow().maxLength());
    assertEquals(Optional.of(false), ModelDescription.read(model).orElseThrow().pair());
  }

  @Test
  void theCardTellsOfTheFolderThatItIsIn() throws IOException {
    Path model = export(root, ServingFormat.PACKED, folder.resolve("1"));
    Path file = model.resolve("README.md");
    String card = Files.readString(file);
    long others = ModelSize.bytes(model) - Files.size(file);
    assertTrue(
        card.contains(
            String.format(
                Locale.ROOT, "| this folder | %.1f MB without this file |", others / 1e6)),
        card);
    assertTrue(card.contains("Trained on 61 rows of the training file"), card);
    assertTrue(card.contains("`serving_float`"), card);
    assertTrue(card.contains("_MklQuantizedMatMulWithBiasAndDequantize"), card);
    String floatCard =
        Files.readString(
            export(root, ServingFormat.FLOAT, folder.resolve("2")).resolve("README.md"));
    assertTrue(floatCard.contains("stock operations") && !floatCard.contains("Mkl"), floatCard);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
  }

  /** Feeds them to TensorFlow's loader. */
  private static void run(Path model, List<Request> requests) {
    try (SavedModelBundle bundle = SavedModelBundle.load(model.toString(), "serve")) {
      for (Request request : requests) {
        Map<String, Tensor> inputs = new HashMap<>();
        try {
          request.inputs().forEach((name, value) -> inputs.put(name, tensor(value)));
          try (Result result = bundle.function(request.signature()).call(inputs)) {
            assertEquals(Shape.of(request.size(0)), result.get("label").orElseThrow().shape());
          }
        } finally {
          inputs.values().forEach(Tensor::close);
        }
      }
    }
  }

  /** As TensorFlow reads it: the last value fills the rest. */
  private static TInt32 tensor(TensorProto proto) {
    long[] sizes =
        proto.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray();
    int[] given = Ints.toArray(proto.getIntValList());
    int[] values = Arrays.copyOf(given, Math.toIntExact(Shape.of(sizes).size()));
    Arrays.fill(values, given.length, values.length, given[given.length - 1]);
    return TInt32.tensorOf(Shape.of(sizes), DataBuffers.of(values));
  }

  private static List<Request> requests(Path model) throws IOException {
    Path file = model.resolve("assets.extra").resolve("tf_serving_warmup_requests");
    ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Request> requests = new ArrayList<>();
    while (records.hasRemaining()) {
      byte[] log = new byte[Math.toIntExact(records.getLong())];
      records.getInt();
      records.get(log);
      records.getInt();
      requests.add(request(ByteString.copyFrom(log)));
    }
    return requests;
  }

  private static Request request(ByteString log) throws InvalidProtocolBufferException {
    UnknownFieldSet request = fields(only(fields(only(fields(log), 6)), 1));
    UnknownFieldSet spec = fields(only(request, 1));
    Map<String, TensorProto> inputs = new HashMap<>();
    for (ByteString entry : request.getField(2).getLengthDelimitedList()) {
      UnknownFieldSet input = fields(entry);
      inputs.put(only(input, 1).toStringUtf8(), TensorProto.parseFrom(only(input, 2)));
    }
    return new Request(only(spec, 1).toStringUtf8(), only(spec, 3).toStringUtf8(), inputs);
  }

  private static UnknownFieldSet fields(ByteString message) throws InvalidProtocolBufferException {
    return UnknownFieldSet.parseFrom(message);
  }

  private static ByteString only(UnknownFieldSet message, int number) {
    List<ByteString> values = message.getField(number).getLengthDelimitedList();
    assertEquals(1, values.size());
    return values.get(0);
  }
}
