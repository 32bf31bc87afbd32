package io.squat.savedmodels;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TInt32;

/** The tiny SavedModels of the test resources, with inputs and outputs of TensorFlow's Python. */
enum TinyModel {
  TF1_BERT("tf1-bert"),
  TF1_BERT_RESOURCE("tf1-bert-resource"),
  HUGGING_FACE("hf-bert"),
  MODEL_GARDEN("tfm-bert"),
  CLASSIFIER("hf-classifier"),
  DISTIL_BERT("hf-distilbert");

  private final String folder;

  TinyModel(String folder) {
    this.folder = folder;
  }

  Path path() {
    return resource(folder).resolve("model");
  }

  ModelGraph read() {
    return SavedModelReader.read(path(), SavedModelReader.Choice.DEFAULT);
  }

  /** The inputs and the outputs that TensorFlow's Python computed. */
  JsonNode expected() {
    try {
      return new ObjectMapper().readTree(resource(folder).resolve("expected.json").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The name of an input in the signature. */
  String key(InputRole role) {
    List<String> keys = new ArrayList<>();
    expected().get("inputs").fieldNames().forEachRemaining(keys::add);
    return role.find(keys).orElseThrow();
  }

  /** The name of the pooled output in the signature. */
  String pooled() {
    return switch (this) {
      case CLASSIFIER -> "logits";
      case DISTIL_BERT -> "last_hidden_state";
      case HUGGING_FACE -> "pooler_output";
      default -> "pooled_output";
    };
  }

  /** int32 [3, 11]. */
  TInt32 input(InputRole role) {
    return ints(expected().get("inputs").get(key(role)));
  }

  float[] output(String name) {
    return floats(expected().get("outputs").get(name));
  }

  /** What is fed to a model's inputs, by tensor; the caller closes it. */
  Map<String, Tensor> feeds(ModelGraph model) {
    Map<String, Tensor> feeds = new HashMap<>();
    model.inputs().forEach(input -> feeds.put(input.tensor(), input(input.role())));
    return feeds;
  }

  static TInt32 ints(JsonNode rows) {
    int[] values = new int[rows.size() * rows.get(0).size()];
    int i = 0;
    for (JsonNode row : rows) {
      for (JsonNode value : row) {
        values[i++] = value.asInt();
      }
    }
    return TInt32.tensorOf(
        Shape.of(rows.size(), rows.get(0).size()), DataBuffers.of(values, true, false));
  }

  private static float[] floats(JsonNode nested) {
    java.util.List<Float> values = new java.util.ArrayList<>();
    collect(nested, values);
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  private static void collect(JsonNode node, java.util.List<Float> values) {
    if (node.isArray()) {
      node.forEach(child -> collect(child, values));
    } else {
      values.add((float) node.asDouble());
    }
  }

  private static Path resource(String name) {
    try {
      return Path.of(
          java.util.Objects.requireNonNull(TinyModel.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
