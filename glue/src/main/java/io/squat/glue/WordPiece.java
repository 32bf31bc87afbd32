package io.squat.glue;

import ai.djl.engine.EngineException;
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
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * BERT's tokenizer: clean text, split at white space and punctuation, cut words into the longest
 * pieces the vocabulary has, put the special tokens around them.
 *
 * <p>The pieces come from the Hugging Face tokenizers library, set up as its {@code
 * BertWordPieceTokenizer}; this class feeds it the {@code vocab.txt} and puts the rows together.
 * Two things to know:
 *
 * <ul>
 *   <li>Special tokens in a text are text: {@code [MASK]} becomes {@code [}, {@code mask}, {@code
 *       ]}, as in Google's {@code tokenization.py}. (Hugging Face's tokenizers would make it the
 *       mask token.)
 *   <li>Words of more than 100 characters become {@code [UNK]}, as in Hugging Face's tokenizers.
 *       (Google's limit is 200.)
 * </ul>
 *
 * <p>Rows that are too long are cut as Google's {@code run_classifier.py} does ({@code
 * _truncate_seq_pair}): one token at a time from the end of the longer text, of the second where
 * both are equally long. (The tokenizers library's {@code longest_first} gives an odd token to the
 * second text where that one was longer.)
 *
 * <p>Encoding is safe from several threads. The library's native code is unpacked once into a cache
 * folder, {@code ~/.djl.ai} or what the environment variable {@code DJL_CACHE_DIR} says. It is told
 * to stay off the network (system property {@code ai.djl.offline}, unless it is set): by itself it
 * would report to its makers, and fetch another build on machines with a GPU.
 *
 * <p>Source: Devlin et al., "BERT", 2019, and google-research/bert; Schuster and Nakajima,
 * "Japanese and Korean Voice Search", 2012.
 */
public final class WordPiece implements AutoCloseable {
  /** Texts a call into the native code: few enough that what it returns takes little memory. */
  private static final int CHUNK = 1000;

  private static final int MAX_WORD_LENGTH = 100;

  private static final String OFFLINE = "ai.djl.offline";

  private static final Map<String, String> OPTIONS =
      Map.of(
          "addSpecialTokens", "false",
          "truncation", "DO_NOT_TRUNCATE",
          "padding", "DO_NOT_PAD");

  private final HuggingFaceTokenizer tokenizer;
  private final int vocabSize;
  private final int clsId;
  private final int sepId;
  private final int padId;
  private final int unknownId;

  private WordPiece(HuggingFaceTokenizer tokenizer, Vocabulary vocabulary) {
    this.tokenizer = tokenizer;
    this.vocabSize = vocabulary.entries().size();
    this.clsId = vocabulary.id(Vocabulary.CLS);
    this.sepId = vocabulary.id(Vocabulary.SEP);
    this.padId = vocabulary.id(Vocabulary.PAD);
    this.unknownId = vocabulary.id(Vocabulary.UNKNOWN);
  }

  /**
   * Opens a tokenizer; the caller closes it.
   *
   * @param vocabTxt the model's {@code vocab.txt}: UTF-8, one entry a line, line number minus one
   *     is the token id
   * @param casing whether the model tells upper from lower case; {@link Casing#infer} guesses
   * @throws IllegalArgumentException if the file is not there, is empty or not UTF-8, has an entry
   *     twice or an empty one, or lacks one of {@code [CLS] [SEP] [PAD] [UNK]}
   * @throws UncheckedIOException if the file cannot be read
   * @throws IllegalStateException if the native library does not load on this machine
   */
  @MustBeClosed
  public static WordPiece open(Path vocabTxt, Casing casing) {
    Vocabulary vocabulary = Vocabulary.read(vocabTxt);
    byte[] json = tokenizerJson(vocabulary, casing).toString().getBytes(StandardCharsets.UTF_8);
    if (System.getProperty(OFFLINE) == null) {
      System.setProperty(OFFLINE, "true");
    }
    try {
      return new WordPiece(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS), vocabulary);
    } catch (IOException e) {
      throw new UncheckedIOException(vocabTxt + ": the tokenizer cannot be made", e);
    } catch (EngineException | LinkageError e) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the tokenizers library does not load on %s %s (%s); expected Linux on x86_64 or aarch64, macOS on aarch64 or"
                  + " Windows on x86_64, and a cache folder that can be written (~/.djl.ai, or DJL_CACHE_DIR)",
              System.getProperty("os.name"),
              System.getProperty("os.arch"),
              e.getMessage()),
          e);
    }
  }

  /**
   * What Hugging Face's {@code tokenizer.json} of such a BERT says, less the special tokens, which
   * this class adds itself.
   */
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

  /**
   * Encodes rows with their labels.
   *
   * @param maxLength the most tokens a row may have, special tokens included; at least 3, or 5 for
   *     pairs
   * @return the rows in the same order
   * @throws IllegalArgumentException if {@code maxLength} is too small
   */
  public EncodedExamples encode(Examples examples, int maxLength) {
    return encode(examples.textsA(), examples.textsB(), examples.labels(), maxLength);
  }

  /**
   * Encodes texts; their labels are NaN.
   *
   * @param a first texts
   * @param b second texts, as many; null for rows of one text
   * @param maxLength the most tokens a row may have, special tokens included; at least 3, or 5 for
   *     pairs
   * @return the rows in the same order
   * @throws IllegalArgumentException if {@code maxLength} is too small or the lists' sizes differ
   */
  public EncodedExamples encode(List<String> a, @Nullable List<String> b, int maxLength) {
    float[] labels = new float[a.size()];
    Arrays.fill(labels, Float.NaN);
    return encode(a, b, labels, maxLength);
  }

  private EncodedExamples encode(
      List<String> a, @Nullable List<String> b, float[] labels, int maxLength) {
    checkSizes(a, b, maxLength);
    int room = maxLength - specialTokens(b != null);
    List<int[]> idsA = tokenIds(a);
    List<int[]> idsB = b == null ? null : tokenIds(b);
    List<EncodedExample> rows = new ArrayList<>(a.size());
    for (int row = 0; row < a.size(); row++) {
      int[] first = idsA.get(row);
      int[] second = idsB == null ? null : idsB.get(row);
      int secondLength = second == null ? 0 : second.length;
      int keptOfFirst = keptOfFirst(first.length, secondLength, room);
      int keptOfSecond = Math.min(secondLength, room - keptOfFirst);
      rows.add(assemble(first, keptOfFirst, second, keptOfSecond, labels[row]));
    }
    return new EncodedExamples(rows, padId, unknownId);
  }

  private static void checkSizes(List<String> a, @Nullable List<String> b, int maxLength) {
    if (b != null && a.size() != b.size()) {
      throw new IllegalArgumentException(
          "expected as many second texts as first ones, found "
              + a.size()
              + " first and "
              + b.size()
              + " second texts");
    }
    int least = b == null ? specialTokens(false) + 1 : specialTokens(true) + 2;
    if (maxLength < least) {
      throw new IllegalArgumentException(
          "expected a maximum length of at least " + least + " tokens, found " + maxLength);
    }
  }

  private static int specialTokens(boolean pair) {
    return pair ? 3 : 2;
  }

  /**
   * How many tokens of the first text stay when tokens are taken one at a time from the end of the
   * longer text, of the second where both are equally long, until {@code room} are left.
   */
  static int keptOfFirst(int first, int second, int room) {
    int half = (room + 1) / 2;
    return Math.min(first, Math.max(half, room - second));
  }

  private EncodedExample assemble(
      int[] a, int keptOfA, int @Nullable [] b, int keptOfB, float label) {
    int firstSegmentLength = keptOfA + 2;
    int[] ids = new int[b == null ? firstSegmentLength : firstSegmentLength + keptOfB + 1];
    ids[0] = clsId;
    System.arraycopy(a, 0, ids, 1, keptOfA);
    ids[firstSegmentLength - 1] = sepId;
    if (b != null) {
      System.arraycopy(b, 0, ids, firstSegmentLength, keptOfB);
      ids[ids.length - 1] = sepId;
    }
    boolean truncated = keptOfA + keptOfB < a.length + (b == null ? 0 : b.length);
    return new EncodedExample(ids, firstSegmentLength, label, truncated);
  }

  private List<int[]> tokenIds(List<String> texts) {
    List<int[]> ids = new ArrayList<>(texts.size());
    for (List<String> chunk : Lists.partition(texts, CHUNK)) {
      for (Encoding encoding : tokenizer.batchEncode(chunk)) {
        ids.add(Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray());
      }
    }
    return ids;
  }

  /** Number of entries in the vocabulary. */
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
