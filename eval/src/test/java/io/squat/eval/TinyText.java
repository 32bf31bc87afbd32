package io.squat.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.NullNode;
import io.squat.glue.Batch;
import io.squat.glue.Casing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Words for {@link TinyClassifier}: a vocabulary of whole words, and its tokenizer in plain Java.
 */
final class TinyText {
  static final List<String> VOCABULARY =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "book", "was", "read", "by", "me", "it",
          "rains", "is", "wet", "a", "cat", "sat", "on", "mat", "and", "slept", "well", "today");

  static final List<String> LABELS = List.of("no", "maybe", "yes");

  /** Of pairwise different lengths, in no order; the longest has 12 tokens. */
  static final List<String> TEXTS =
      List.of(
          "It rains",
          "The book was read by me today and well it",
          "the cat",
          "A cat sat on the mat",
          "",
          "wet",
          "The book was read by me",
          "the cat sat on a mat and slept",
          "it is wet today",
          "a unicorn");

  private TinyText() {}

  /** Writes {@code assets/vocab.txt} into a model's folder. */
  static Path vocabulary(Path model) {
    return write(model.resolve("assets").resolve("vocab.txt"), String.join("\n", VOCABULARY));
  }

  /** Writes {@code assets/squat.json} into a model's folder. */
  static void description(Path model, List<String> labels, Casing casing, int maxLength) {
    ModelDescription description =
        new ModelDescription(
            "CoLA",
            labels,
            casing,
            maxLength,
            "float",
            "hash",
            Map.of(),
            Map.of(),
            NullNode.getInstance());
    write(
        model.resolve("assets").resolve(ModelDescription.FILE),
        new String(description.toJson(), UTF_8));
  }

  static Path write(Path file, String text) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Token ids of a text's words. */
  private static List<Integer> words(String text, Casing casing) {
    List<Integer> ids = new ArrayList<>();
    String folded = casing == Casing.UNCASED ? text.toLowerCase(Locale.ROOT) : text;
    for (String word : folded.split(" ", -1)) {
      if (!word.isEmpty()) {
        ids.add(VOCABULARY.contains(word) ? VOCABULARY.indexOf(word) : 1);
      }
    }
    return ids;
  }

  /** One row, without padding, cut at the end of the first text. */
  static Batch row(String text, @Nullable String pair, Casing casing, int maxLength) {
    List<Integer> ids = words(text, casing);
    ids = new ArrayList<>(ids.subList(0, Math.min(ids.size(), maxLength - 2)));
    ids.add(0, 2);
    ids.add(3);
    int first = ids.size();
    if (pair != null) {
      ids.addAll(words(pair, casing));
      ids.add(3);
    }
    int[] segments = new int[ids.size()];
    Arrays.fill(segments, first, segments.length, 1);
    int[] mask = new int[ids.size()];
    Arrays.fill(mask, 1);
    int[] values = ids.stream().mapToInt(Integer::intValue).toArray();
    return new Batch(1, ids.size(), values, mask, segments, new float[] {Float.NaN}, new int[] {0});
  }

  /** The probabilities that the model should give an uncased text. */
  static double[] probabilities(TinyClassifier model, String text, @Nullable String pair) {
    return softmax(model.expectedLogits(row(text, pair, Casing.UNCASED, 128))[0]);
  }

  static double[] softmax(double[] logits) {
    double sum = Arrays.stream(logits).map(Math::exp).sum();
    return Arrays.stream(logits).map(logit -> Math.exp(logit) / sum).toArray();
  }

  static int argMax(double[] values) {
    int largest = 0;
    for (int i = 1; i < values.length; i++) {
      largest = values[i] > values[largest] ? i : largest;
    }
    return largest;
  }
}
