package io.squat.glue;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.Lists;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** BERT's tokenizer. */
public final class WordPiece implements AutoCloseable {
  private static final int CHUNK = 1000;
  private static final int MAX_WORD_LENGTH = 100;

  private final HuggingFaceTokenizer tokenizer;
  private final Vocabulary vocabulary;
  private final int clsId;
  private final int sepId;
  private final int padId;

  private WordPiece(HuggingFaceTokenizer tokenizer, Vocabulary vocabulary) {
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary;
    this.clsId = vocabulary.id(Vocabulary.CLS);
    this.sepId = vocabulary.id(Vocabulary.SEP);
    this.padId = vocabulary.id(Vocabulary.PAD);
  }

  /** Opens. */
  @MustBeClosed
  public static WordPiece open(Path vocabTxt, Casing casing) {
    Vocabulary vocabulary = Vocabulary.read(vocabTxt);
    byte[] json = tokenizerJson(vocabulary, casing).toString().getBytes(StandardCharsets.UTF_8);
    workOffline();
    try {
      return new WordPiece(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS), vocabulary);
    } catch (IOException e) {
      throw new UncheckedIOException(vocabTxt + ": the tokenizer cannot be made", e);
    }
  }

  private static final Map<String, String> OPTIONS =
      Map.of(
          "addSpecialTokens", "false",
          "truncation", "DO_NOT_TRUNCATE",
          "padding", "DO_NOT_PAD");

  private static void workOffline() {
    if (System.getProperty("ai.djl.offline") == null) {
      System.setProperty("ai.djl.offline", "true");
    }
  }

  private static ObjectNode tokenizerJson(Vocabulary vocabulary, Casing casing) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("version", "1.0").putArray("added_tokens");
    root.putObject("normalizer")
        .put("type", "BertNormalizer")
        .put("clean_text", true)
        .put("handle_chinese_chars", true)
        .putNull("strip_accents")
        .put("lowercase", casing == Casing.UNCASED);
    root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    ObjectNode entries =
        root.putObject("model")
            .put("type", "WordPiece")
            .put("unk_token", Vocabulary.UNKNOWN)
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", MAX_WORD_LENGTH)
            .putObject("vocab");
    for (int id = 0; id < vocabulary.entries().size(); id++) {
      entries.put(vocabulary.entries().get(id), id);
    }
    return root;
  }

  /** Encodes. */
  public EncodedExamples encode(Examples examples, int maxLength) {
    return encode(examples.textsA(), examples.textsB(), examples.labels(), maxLength);
  }

  /** Encodes. */
  public EncodedExamples encode(List<String> a, @Nullable List<String> b, int maxLength) {
    float[] labels = new float[a.size()];
    Arrays.fill(labels, Float.NaN);
    return encode(a, b, labels, maxLength);
  }

  private EncodedExamples encode(
      List<String> a, @Nullable List<String> b, float[] labels, int maxLength) {
    int specialTokens = b == null ? 2 : 3;
    List<int[]> idsA = tokenIds(a);
    List<int[]> idsB = b == null ? null : tokenIds(b);
    List<EncodedExample> rows = new ArrayList<>(a.size());
    int truncated = 0;
    for (int row = 0; row < a.size(); row++) {
      int[] rowA = idsA.get(row);
      int[] rowB = idsB == null ? null : idsB.get(row);
      int lengthB = rowB == null ? 0 : rowB.length;
      int room = maxLength - specialTokens;
      if (rowA.length + lengthB > room) {
        truncated++;
      }
      int keptA = keptOfFirst(rowA.length, lengthB, room);
      int keptB = Math.min(lengthB, room - keptA);
      rows.add(assemble(rowA, keptA, rowB, keptB, labels[row]));
    }
    return new EncodedExamples(rows, truncated, padId);
  }

  private EncodedExample assemble(int[] a, int keptA, int @Nullable [] b, int keptB, float label) {
    int first = keptA + 2;
    int[] ids = new int[b == null ? first : first + keptB + 1];
    ids[0] = clsId;
    System.arraycopy(a, 0, ids, 1, keptA);
    ids[first - 1] = sepId;
    if (b != null) {
      System.arraycopy(b, 0, ids, first, keptB);
      ids[ids.length - 1] = sepId;
    }
    return new EncodedExample(ids, first, label);
  }

  /** Kept. */
  static int keptOfFirst(int a, int b, int room) {
    return Math.min(a, Math.max(room - b, (room + 1) / 2));
  }

  private List<int[]> tokenIds(List<String> texts) {
    List<int[]> ids = new ArrayList<>(texts.size());
    for (List<String> chunk : Lists.partition(texts, CHUNK)) {
      for (Encoding encoding : tokenizer.batchEncode(chunk)) {
        long[] row = encoding.getIds();
        int[] tokens = new int[row.length];
        Arrays.setAll(tokens, i -> Math.toIntExact(row[i]));
        ids.add(tokens);
      }
    }
    return ids;
  }

  /** Number of entries in the vocabulary. */
  public int vocabSize() {
    return vocabulary.entries().size();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
